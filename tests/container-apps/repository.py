"""Where things stand."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = ROOT / "deploy/container-apps"


def variables():
    """Every variable of the environment that the gateway knows."""
    table = (ROOT / "src/config/variables.rs").read_text()
    return set(re.findall(r'\bvariable\(\s*"([A-Z0-9_]+)"', table))
