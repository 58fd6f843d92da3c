"""Whether all is here that a comparison takes, and in which versions.

python3 bench/tools.py [PEER …]   those that are compared, without any
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import distributions
from json import loads
from pathlib import Path

from settings import INSTALLED, Settings, made_of, read

# Programs by the peers that need them; those of "" are needed by all.
PROGRAMS = {
    "": ("wrk", "taskset"),
    "nginx": ("nginx",),
    "haproxy": ("haproxy",),
    "fastify": ("node", "npm"),
}

# Where Debian puts daemons, and only root looks.
SBIN = "/usr/sbin:/sbin:/usr/local/sbin"

PYTHON = ("fastapi", "uvicorn", "azure-identity", "azure-mgmt-compute", "aiohttp")
JAVASCRIPT = ("fastify", "@azure/identity", "@azure/arm-compute", "undici")

VERSION = {
    "wrk": ("-v",),
    "nginx": ("-v",),
    "haproxy": ("-v",),
    "node": ("--version",),
}


def require(peers: Iterable[str]) -> None:
    """Ends with the programs that are missing of what it takes to measure `peers`."""
    programs = [name for name in _wanted(peers) if path_of(name) is None]
    if programs:
        names = " ".join(programs)
        raise SystemExit(
            f"install {names} (Debian: apt-get install --no-install-recommends)"
        )


def _wanted(peers: Iterable[str]) -> list[str]:
    kinds = dict.fromkeys(made_of(peer) for peer in ("", *peers))
    return [name for kind in kinds for name in PROGRAMS.get(kind, ())]


def path_of(name: str) -> str | None:
    """Where the program `name` is, if it is here."""
    return shutil.which(name) or shutil.which(name, path=SBIN)


def versions(settings: Settings) -> dict[str, str]:
    """What was compared, by name."""
    wanted = _wanted(settings.peers)
    kinds = {made_of(peer) for peer in settings.peers}
    found = {name: _version(name) for name in wanted if name in VERSION}
    if "fastapi" in kinds:
        found |= _python(PYTHON)
    if "fastify" in kinds:
        found |= _javascript(JAVASCRIPT)
    return found


def _version(name: str) -> str:
    command = [path_of(name) or name, *VERSION[name]]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    number = re.search(r"\d+\.\d+(\.\d+)?", told.stdout + told.stderr)
    return number[0] if number else "?"


def _python(names: Iterable[str]) -> dict[str, str]:
    folders = [
        str(path) for path in (INSTALLED / "fastapi" / "lib").glob("*/site-packages")
    ]
    installed = distributions(path=folders)
    found = {it.metadata["Name"].lower(): it.version for it in installed}
    return {name: found[name] for name in names}


def _javascript(names: Iterable[str]) -> dict[str, str]:
    folder = INSTALLED / "fastify" / "node_modules"
    return {name: _package(folder / name / "package.json") for name in names}


def _package(path: Path) -> str:
    version: str = loads(path.read_text(encoding="utf-8"))["version"]
    return version


if __name__ == "__main__":
    require(sys.argv[1:] or read().peers)
