"""Where things stand."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = ROOT / "deploy/container-apps"


SOURCES = ("src/config/variables.rs", "src/config/variables/otel.rs")


def variables():
    """Every variable of the environment that the gateway knows."""
    return set(re.findall(r'\bvariable\(\s*"([A-Z0-9_]+)"', table()))


def defaults():
    """What counts where a variable is not set, if anything does."""
    return dict(re.findall(r'\bvariable\(\s*"([A-Z0-9_]+)",\s*Some\("([^"]*)"\)', table()))


def table():
    return "".join((ROOT / source).read_text() for source in SOURCES)
