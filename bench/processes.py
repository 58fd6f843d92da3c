"""Programs on a core of their own, and what the kernel counts of them."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

PATIENCE = 20.0

# Below the range that Linux has for connections unless it is told otherwise.
PORTS = (10_000, 32_000)


class Process:
    """A program with all that it starts; it ends with the `with` that it is in."""

    def __init__(
        self,
        command: Sequence[str],
        core: int,
        output: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.output = output
        self._name = command[0]
        self.started = time.monotonic()
        with output.open("wb") as file:
            self._popen = subprocess.Popen(
                ["taskset", "--cpu-list", str(core), *command],
                env=own | dict(environment or {}),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                # A group of its own, which can be ended without ending us.
                start_new_session=True,
            )

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Kills it: nothing that it would do at its end is measured."""
        if self._popen.poll() is None:
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    @property
    def pid(self) -> int:
        """Of the program itself: `taskset` becomes it."""
        return self._popen.pid

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far."""
        return sum(_seconds(pid) for pid in self._tree())

    def peak_memory(self) -> int:
        """The most that its processes had resident, in bytes, each at its time."""
        return sum(_peak(pid) for pid in self._tree())

    def forget_peak(self) -> None:
        """The peak begins anew from what is resident now: `clear_refs` in proc(5)."""
        for pid in self._tree():
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")

    def await_port(self, port: int) -> None:
        """Returns when somebody accepts connections to `port`."""
        while not _accepts(port):
            self.must_live()
            time.sleep(0.001)

    def must_live(self) -> None:
        """Raises what it said, if it has ended or takes too long."""
        is_late = time.monotonic() - self.started > PATIENCE
        if is_late or self._popen.poll() is not None:
            self.end()
            said = self.output.read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{self._name} did not come up:\n{said[-4000:]}")

    def _tree(self) -> list[int]:
        pids = [self._popen.pid]
        for pid in pids:
            pids.extend(_children(pid))
        return pids


def end_on_sigterm() -> None:
    """Has SIGTERM end us as Ctrl-C does, and so all that was started, which else goes on
    and takes the cores of the next run.
    """

    def end(*_: int | FrameType | None) -> None:
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)


def free_port() -> int:
    """A port of loopback that nobody listens on. It is none of those that the kernel gives
    to connections: one of thousands could take it before the peer does.
    """
    while True:
        port = random.randrange(*PORTS)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text(encoding="ascii").split())


def _seconds(pid: int) -> float:
    """Of all threads that live, in nanoseconds: `stat` has hundredths of a second alone,
    which a caller at a time does not fill. No peer ends a thread while it is measured.
    """
    tasks = Path(f"/proc/{pid}/task").iterdir()
    texts = ((task / "schedstat").read_text(encoding="ascii") for task in tasks)
    return sum(int(text.split()[0]) for text in texts) / 1e9


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
