"""The machine: which it is, and what it lost to others while something was measured."""

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Lost:
    """Of a stretch of time: shares of all cores, and seconds of processors."""

    stolen: float
    # Of all programs, ours among them.
    busy_seconds: float
    seconds: float
    # By core.
    idle: dict[int, float]


class Clock:
    """Counts from its making on."""

    def __init__(self) -> None:
        self._before = _stat()

    def read(self) -> Lost:
        spent = {
            core: [
                now - before
                for now, before in zip(fields, self._before[core], strict=True)
            ]
            for core, fields in _stat().items()
        }
        whole = spent.pop(-1)
        total = max(1, sum(whole))
        user, nice, system, _, _, _, _, steal = whole
        ticks = os.sysconf("SC_CLK_TCK")
        return Lost(
            stolen=steal / total,
            busy_seconds=(user + nice + system) / ticks,
            seconds=total / ticks,
            idle={core: it[3] / max(1, sum(it)) for core, it in spent.items()},
        )


def description() -> dict[str, str]:
    """What figures depend on."""
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": _commit(),
        "processor": _model(),
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
    }


def _commit() -> str:
    """Of the working tree, with `-dirty` where it has changes, if git tells."""
    command = ["git", "describe", "--always", "--dirty"]
    folder = Path(__file__).parent
    try:
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()


def _model() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line for line in lines if line.startswith("model name"))
    return next(names, platform.machine()).rpartition(":")[2].strip()


def _stat() -> dict[int, list[int]]:
    """The first eight fields by core, of all cores as -1."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    rows = [line.split() for line in lines if line.startswith("cpu")]
    return {int(row[0][3:] or -1): [int(field) for field in row[1:9]] for row in rows}
