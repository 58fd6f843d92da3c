"""What becomes of requests when there are more than can be served: `make overload`.

A gateway with everything on is put under so many callers as it serves well, and under
five and twenty times as many, who ask again as soon as they are answered, refused or not.
What counts are the answers that are none of a refusal, and whether the gateway goes on
telling how it is.
"""

import http.client
import json
import os
import resource
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles

import cloud
import machine
import peers
import probe
from cloud import Azure
from load import Cell, Sample, measure
from peers import Peer
from processes import end_on_sigterm
from settings import INSTALLED, LOAD_CORE, TARGET, Settings, read

FOLDER = INSTALLED / "overload"

PROCESSOR = "the processor"
# What is asked for, how far away Azure is in milliseconds, how many callers are served
# well, and what sets the limit.
CASES = (
    ("users", 0, 64, PROCESSOR),
    ("users", 100, 256, "the calls that are made at once"),
    ("deallocate", 0, 64, PROCESSOR),
)
TIMES = (1, 5, 20)

# As the log has it.
ROUTES = {"users": '"/directory/users"', "deallocate": '"/vms/{name}/deallocate"'}
SERVED = (200, 202)
REFUSED = 503

# Between two questions of how it is, in seconds.
BEAT = 0.05


class Health:
    """Asks a gateway whether it is ready, again and again, while something goes on."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        # Milliseconds to each answer that said yes, and how many did not.
        self.took: list[float] = []
        self.failed = 0

    def __enter__(self) -> "Health":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(BEAT):
            started = time.monotonic()
            if self._is_ready():
                self.took.append((time.monotonic() - started) * 1000)
            else:
                self.failed += 1

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=1)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def served(log: str, route: str) -> list[float]:
    """Milliseconds to the head of each answer that is none of a refusal, as the gateway's
    log has them. Ends with the first answer that is neither.
    """
    times = []
    # The last line may be cut: the gateway was killed.
    for line in log.split("\n")[:-1]:
        if '"request answered"' not in line or route not in line:
            continue
        event = json.loads(line)
        if event["http.status"] in SERVED:
            times.append(event["duration_ms"])
        elif event["http.status"] != REFUSED:
            raise SystemExit(f"overload: neither served nor refused: {line}")
    return times


def rows(settings: Settings, to: Azure, case: tuple[str, int, int, str]) -> Iterator[str]:
    path, delay, callers, _ = case
    peak = 0.0
    for times in TIMES:
        cell = Cell(path, delay, callers * times)
        sample, health, took = measured(settings, to, cell)
        rate = (sample.requests - sample.failed) / sample.seconds
        peak = max(peak, rate)
        yield (
            f"| {cell.connections:,} | {rate:,.0f} | {rate / peak:.0%} "
            f"| {sample.refused / sample.seconds:,.0f} "
            f"| {sample.failed - sample.refused} | {sample.p99 / 1000:.0f} "
            f"| {quantiles(took, n=100)[98]:.0f} "
            f"| {median(health.took):.1f} | {max(health.took):.0f} | {health.failed} "
            f"| {sample.peak_memory / 2**20:.0f} | {1 - sample.load_idle:.0%} |"
        )


def proxy_rows(settings: Settings, to: Azure, case: tuple[str, int, int, str]) -> Iterator[str]:
    """What becomes of the same load by nginx: how much of a loss is the machine's."""
    path, delay, callers, _ = case
    peak = 0.0
    for times in TIMES:
        cell = Cell(path, delay, callers * times)
        with started("nginx", settings, to, cell) as peer:
            sample = measure(peer, cell, to, 1, settings.seconds_each)
        rate = (sample.requests - sample.failed) / sample.seconds
        peak = max(peak, rate)
        yield f"| {cell.connections:,} | {rate:,.0f} | {rate / peak:.0%} |"


def measured(settings: Settings, to: Azure, cell: Cell) -> tuple[Sample, Health, list[float]]:
    with started("gateway-full", settings, to, cell) as peer:
        assert peer.admin is not None
        with Health(peer.admin) as health:
            sample = measure(peer, cell, to, 1, settings.seconds_each)
    log = peer.process.output.read_text(encoding="utf-8", errors="replace")
    return sample, health, served(log, ROUTES[cell.path])


@contextmanager
def started(name: str, settings: Settings, to: Azure, cell: Cell) -> Iterator[Peer]:
    """A peer for one cell alone: what it piles up is nobody else's."""
    to.delay(0)
    peer = peers.start(name, settings, to, FOLDER, cached=False)
    with peer.process:
        probe.first_answer(peer)
        to.delay(cell.delay)
        yield peer


HEAD = """| callers | answered/s | of the most | refused/s | lost | p99, ms | inside, ms \
| ready: p50, ms | longest, ms | not | MiB | load |
|---|---|---|---|---|---|---|---|---|---|---|---|"""
PROXY_HEAD = "| callers | answered/s | of the most |\n|---|---|---|"


def main() -> None:
    os.environ.setdefault("SECONDS_EACH", "5")
    settings = read()
    end_on_sigterm()
    os.sched_setaffinity(0, {LOAD_CORE})
    # Callers and gateway have thousands of connections, and inherit what we may have.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    about = ", ".join(f"{name} {value}" for name, value in machine.description().items())
    parts = [f"# Overload\n\n{about}"]
    with cloud.running(settings, FOLDER) as to:
        for case in CASES:
            path, delay, _, limit = case
            print(f"{path}, Azure {delay} ms away", file=sys.stderr)
            title = f"## {path}, Azure {delay} ms away: limited by {limit}"
            parts.append("\n".join([title, "", HEAD, *rows(settings, to, case)]))
            if limit == PROCESSOR:
                proxied = [PROXY_HEAD, *proxy_rows(settings, to, case)]
                parts.append("\n".join(["nginx under the same load:", "", *proxied]))
    text = "\n\n".join(parts) + "\n"
    (TARGET / "overload.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
