"""Whether all is here that a comparison takes, and in which versions."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from importlib.metadata import distributions
from json import loads
from pathlib import Path

from settings import INSTALLED, Settings

# Programs by the peers that need them; those of "" are needed by all.
PROGRAMS = {
    "": ("wrk", "taskset"),
    "nginx": ("nginx",),
    "haproxy": ("haproxy",),
    "fastify": ("node",),
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


def require(settings: Settings) -> None:
    """Ends with what is missing, if anything is."""
    programs = [name for name in _wanted(settings) if path_of(name) is None]
    built = [settings.stub, settings.sandbox]
    if any(peer.startswith("gateway") for peer in settings.peers):
        built.append(settings.gateway)
    if "actix-awc" in settings.peers:
        built.append(settings.plain_proxy)
    files = [str(path) for path in built if not path.is_file()]
    faults = []
    if programs:
        names = " ".join(programs)
        faults.append(
            f"install {names} (Debian: apt-get install --no-install-recommends)"
        )
    if files:
        faults.append(f"not built: {' '.join(files)} (make bench-peers does)")
    if faults:
        raise SystemExit("bench-peers: " + "; ".join(faults))


def _wanted(settings: Settings) -> list[str]:
    return [name for peer in ("", *settings.peers) for name in PROGRAMS.get(peer, ())]


def path_of(name: str) -> str | None:
    """Where the program `name` is, if it is here."""
    return shutil.which(name) or shutil.which(name, path=SBIN)


def versions(settings: Settings) -> dict[str, str]:
    """What was compared, by name."""
    found = {name: _version(name) for name in _wanted(settings) if name in VERSION}
    if "fastapi" in settings.peers:
        found |= _python(PYTHON)
    if "fastify" in settings.peers:
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
