"""The gateway beside its peers: `make bench-peers`, and bench/README.md tells how.

All peers run at once and are measured by turns, so that what the machine does meanwhile
is borne by all of them; only the one that is measured has something to do.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field

import cloud
import machine
import peers
import probe
import report
import tools
from cloud import Azure
from load import DIRECT, PATHS, Cell, Sample, measure
from peers import Peer
from processes import end_on_sigterm
from settings import (
    INSTALLED,
    LOAD_CORE,
    LOOKING,
    PLAIN,
    TARGET,
    Settings,
    made_of,
    read,
)

# An order stays with the gateway until Azure says that it has ended, and it asks of a
# subscription 20 times a second at most. What this load piles up Azure would never
# take, so each measurement of orders has a gateway of its own.
FRESH_FOR_ORDERS = ("gateway-bare", "gateway-full")

# Callers before what is counted.
WARM_UP = 16

# Seconds of it where code is compiled as it runs: after one second an order takes Node
# three times the processor time that it takes after five.
COMPILING = {"fastify": 5}


@dataclass
class Results:
    """All that a run gave."""

    samples: list[Sample] = field(default_factory=list)
    starts: list[tuple[str, float]] = field(default_factory=list)
    bursts: list[probe.Burst] = field(default_factory=list)


class Run:
    """One comparison."""

    def __init__(self, settings: Settings, to: Azure, results: Results) -> None:
        self.settings = settings
        self.azure = to
        self.results = results
        self.folder = INSTALLED / "run"

    def round(self, number: int) -> None:
        for path, delay in self._blocks():
            self._block(number, path, delay)
        for name in self.settings.peers:
            if name not in (*PLAIN, *LOOKING):
                self._bursts(number, name)

    def _blocks(self) -> Iterator[tuple[str, int]]:
        """A page that is kept does not depend on how far away Azure is."""
        for path in PATHS:
            delays = self.settings.delays if path in DIRECT else self.settings.delays[:1]
            yield from ((path, delay) for delay in delays)

    def _block(self, number: int, path: str, delay: int) -> None:
        print(f"round {number}: {path}, Azure {delay} ms away", file=sys.stderr)
        self.azure.delay(0)
        is_order = path == "deallocate"
        names = [it for it in self.settings.peers if is_order or it not in LOOKING]
        fresh = FRESH_FOR_ORDERS if is_order else ()
        kept = [name for name in names if name not in fresh]
        with ExitStack() as stack:
            running = {name: self._started(name, path, stack) for name in kept}
            self.azure.delay(delay)
            for peer in running.values():
                seconds = COMPILING.get(made_of(peer.name), 1)
                measure(peer, Cell(path, delay, WARM_UP), self.azure, number, seconds)
            for turn, connections in enumerate(self.settings.connections):
                cell = Cell(path, delay, connections)
                if path in DIRECT and connections == 1:
                    self._measured(None, cell, number)
                first = (number + turn) % len(names)
                for name in names[first:] + names[:first]:
                    if name in running:
                        self._measured(running[name], cell, number)
                    else:
                        self._once(name, cell, number)

    def _once(self, name: str, cell: Cell, number: int) -> None:
        """Measures a peer that is there for nothing else."""
        self.azure.delay(0)
        with ExitStack() as stack:
            peer = self._started(name, cell.path, stack)
            self.azure.delay(cell.delay)
            self._measured(peer, cell, number)

    def _measured(self, peer: Peer | None, cell: Cell, number: int) -> None:
        sample = measure(peer, cell, self.azure, number, self.settings.seconds_each)
        self.results.samples.append(sample)

    def _started(self, name: str, path: str, stack: ExitStack) -> Peer:
        """The peer, when it answers."""
        peer = peers.start(name, self.settings, self.azure, self.folder, "cached" in path)
        stack.enter_context(peer.process)
        self.results.starts.append((name, probe.first_answer(peer)))
        return peer

    def _bursts(self, number: int, name: str) -> None:
        self.azure.token_delay(probe.TOKEN_DELAY)
        for kind in probe.BURSTS:
            self.azure.counts()
            peer = peers.start(name, self.settings, self.azure, self.folder, cached=False)
            with peer.process:
                self.results.bursts.append(probe.burst(peer, kind, self.azure, number))
        self.azure.token_delay(0)


def main() -> None:
    settings = read()
    end_on_sigterm()
    # We are part of the load.
    os.sched_setaffinity(0, {LOAD_CORE})
    shutil.rmtree(INSTALLED / "run", ignore_errors=True)
    (INSTALLED / "run").mkdir(parents=True)
    results, clock = Results(), machine.Clock()
    with cloud.running(settings, INSTALLED / "run") as to:
        run = Run(settings, to, results)
        for number in range(1, settings.rounds + 1):
            run.round(number)
    about = machine.description() | tools.versions(settings)
    about |= {
        "rounds": str(settings.rounds),
        "seconds each": str(settings.seconds_each),
        "stolen by the host": f"{clock.read().stolen:.1%}",
    }
    raw = json.dumps({"about": about} | asdict(results), indent=1)
    (TARGET / "bench-peers.json").write_text(raw + "\n", encoding="utf-8")
    text = report.written(about, results.samples, results.starts, results.bursts)
    (TARGET / "bench-peers.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
