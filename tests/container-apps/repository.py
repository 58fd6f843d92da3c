"""Where things stand."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = ROOT / "deploy/container-apps"


def variables():
    """Every variable of the environment that the gateway knows."""
    sources = ("src/config/variables.rs", "src/config/variables/otel.rs")
    table = "".join((ROOT / source).read_text() for source in sources)
    return set(re.findall(r'\bvariable\(\s*"([A-Z0-9_]+)"', table))
