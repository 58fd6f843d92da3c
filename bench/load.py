"""One measurement: a load by wrk on one peer, and what it took."""

import json
import resource
import subprocess
from dataclasses import dataclass
from typing import Any

from cloud import GROUP, SUBSCRIPTION, Azure
from machine import Clock
from peers import Peer
from settings import BENCH, LOAD_CORE
from tools import path_of

# What is asked for, by the name under which it is told. `{n}` is another number for
# each request, and `{m}` for each measurement: who orders the same machine twice, or
# asks for the same department, may be given what is known already.
PATHS = {
    "deallocate": ("POST", "/vms/m{m}x{n}/deallocate"),
    "users": ("GET", "/directory/users?department=d{m}x{n}&top=100"),
    "users, cached": ("GET", "/directory/users?department=Seinfeld&top=100"),
}

# The same without a peer between.
DIRECT = {
    "deallocate": (
        "POST",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Compute"
        "/virtualMachines/m{m}x{n}/deallocate?api-version=2025-11-01",
    ),
    "users": ("GET", "/v1.0/users?%24filter=department%20eq%20'd{m}x{n}'&%24top=100"),
}


@dataclass(frozen=True)
class Sample:
    """What one measurement gave; times of requests in microseconds."""

    round: int
    peer: str
    path: str
    delay: int
    connections: int
    requests: int
    failed: int
    # Of those that failed: answered, by a status of 400 or more.
    refused: int
    seconds: float
    p50: float
    p99: float
    # Of all processes of the peer.
    cpu_seconds: float
    peak_memory: int
    calls: dict[str, int]
    # Shares of the machine: taken by its host, and by other programs.
    stolen: float
    others: float
    # Share of the core of the load that was idle: without any, the load is the limit.
    load_idle: float


@dataclass(frozen=True)
class Cell:
    """What is asked for, how far away Azure is, and by how many callers."""

    path: str
    delay: int
    connections: int


_measurements = 0


def measure(
    peer: Peer | None, cell: Cell, to: Azure, number: int, seconds: int
) -> Sample:
    """Puts the load of `cell` on `peer` in round `number`; without one, on the stub."""
    to.counts()
    if peer:
        peer.process.forget_peak()
    clock, cpu = Clock(), _cpu(peer, to)
    wrk = _wrk(peer, cell, to, seconds)
    lost = clock.read()
    took = [now - before for now, before in zip(_cpu(peer, to), cpu, strict=True)]
    return Sample(
        round=number,
        peer=peer.name if peer else "direct",
        path=cell.path,
        delay=cell.delay,
        connections=cell.connections,
        cpu_seconds=took[0],
        peak_memory=peer.process.peak_memory() if peer else 0,
        calls={kind: count for kind, count in to.counts().items() if count},
        stolen=lost.stolen,
        others=max(0.0, lost.busy_seconds - sum(took)) / lost.seconds,
        load_idle=lost.idle[LOAD_CORE],
        **wrk,
    )


def _cpu(peer: Peer | None, to: Azure) -> list[float]:
    """Seconds of the peer, of the stub, and of all that has ended and is ours."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = resource.getrusage(resource.RUSAGE_SELF)
    ours = [children.ru_utime, children.ru_stime, own.ru_utime, own.ru_stime]
    return [
        peer.process.cpu_seconds() if peer else 0.0,
        to.process.cpu_seconds(),
        sum(ours),
    ]


def _wrk(peer: Peer | None, cell: Cell, to: Azure, seconds: int) -> dict[str, Any]:
    global _measurements
    _measurements += 1
    method, path = (PATHS if peer else DIRECT)[cell.path]
    script = [str(BENCH / "wrk" / "load.lua"), peer.url if peer else to.url, "--"]
    request = [method, path.replace("{m}", str(_measurements))]
    token = [peer.token] if peer and peer.token else []
    options = ["-t1", f"-c{cell.connections}", f"-d{seconds}s", "--timeout", "5s", "-s"]
    command = ["taskset", "--cpu-list", str(LOAD_CORE), path_of("wrk") or "wrk"]
    told = subprocess.run(
        [*command, *options, *script, *request, *token],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 30,
    )
    counted: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return counted
