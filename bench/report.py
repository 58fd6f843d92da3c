"""What a run gave, as Markdown: medians of rounds, and multiples of nginx."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from load import Sample
from probe import CALLERS, Burst
from settings import PEERS

BASE = "nginx"

# Callers at once, in the summary.
USUAL = 64

# What upstream calls are called in a table.
CALLS = {"machine": "look", "deallocate": "order", "operation": "poll", "users": "page"}

Row = Sequence[str]


class Cell:
    """All samples of one peer in one cell."""

    def __init__(self, samples: list[Sample]) -> None:
        self.samples = samples

    def median(self, of: Callable[[Sample], float]) -> float:
        return median(of(it) for it in self.samples)

    @property
    def rate(self) -> float:
        return self.median(lambda it: it.requests / it.seconds)

    @property
    def cpu(self) -> float:
        """Seconds for 10,000 requests."""
        return self.median(lambda it: 10_000 * it.cpu_seconds / max(1, it.requests))

    def each(self, kind: str) -> float:
        """Calls of Azure for a request."""
        return self.median(lambda it: it.calls.get(kind, 0) / max(1, it.requests))

    @property
    def calls(self) -> str:
        parts = []
        for kind, name in CALLS.items():
            each = self.each(kind)
            if each >= 0.005:
                parts.append(f"{each:.2f} {name}")
        return " + ".join(parts) or "0"


Cells = dict[tuple[str, int, int, str], Cell]


def written(
    about: dict[str, str],
    samples: list[Sample],
    starts: list[tuple[str, float]],
    bursts: list[Burst],
) -> str:
    """The whole report."""
    cells = _cells(samples)
    blocks = dict.fromkeys((it.path, it.delay) for it in samples)
    parts = [
        "# The gateway beside its peers",
        _machine(about, samples),
        _summary(cells),
        _kept(cells),
        *(_block(path, delay, cells) for path, delay in blocks),
        _added(cells),
        _life(starts, bursts, samples),
    ]
    return "\n\n".join(parts) + "\n"


def _machine(about: dict[str, str], samples: list[Sample]) -> str:
    others = [it.others for it in samples]
    told = "; ".join(f"{name} {value}" for name, value in about.items())
    return (
        f"{told}; other programs took {median(others):.0%} of it in the median measurement, "
        f"{max(others):.0%} in the worst. Medians of rounds; × is a multiple of nginx in the "
        "same run. `load` marks measurements whose load had less than 5 % of its core left: "
        "there the load is the limit, and only processor time tells."
    )


def _summary(cells: Cells) -> str:
    """Processor time and requests as multiples of nginx's, under a usual load."""
    connections = min({key[2] for key in cells}, key=lambda it: abs(it - USUAL))
    places = list(dict.fromkeys(key[:2] for key in cells))
    names = list(dict.fromkeys(key[3] for key in cells if key[3] != "direct"))
    heads = ["peer", *(f"{path}, {delay} ms" for path, delay in places)]
    rows = []
    for name in names:
        places_of = ((*place, connections) for place in places)
        rows.append([name, *(_compared(cells, place, name) for place in places_of)])
    title = f"## Processor time and requests/s, × nginx, {connections} callers"
    return f"{title}\n\n{_table(heads, rows)}"


def _compared(cells: Cells, place: tuple[str, int, int], name: str) -> str:
    base, cell = cells.get((*place, BASE)), cells.get((*place, name))
    if not cell:
        return "–"
    if not base:
        return f"{cell.cpu:.2f} s, {cell.rate:,.0f}"
    return f"{cell.cpu / base.cpu:.2f}, {cell.rate / base.rate:.2f}"


def _kept(cells: Cells) -> str:
    """A page that is kept, beside nginx that asks Azure for it each time."""
    places = [key for key in cells if key[0] == "users, cached" and key[3] == BASE]
    heads = ["peer", *(f"{connections} callers" for _, _, connections, _ in places)]
    rows = []
    measured = {key[:3] for key in places}
    for name in dict.fromkeys(key[3] for key in cells if key[:3] in measured):
        row = [name]
        for path, delay, connections, _ in places:
            passed_on = cells.get(("users", delay, connections, BASE))
            kept = cells[(path, delay, connections, name)]
            row.append(f"{passed_on.cpu / kept.cpu:.2f}" if passed_on else "–")
        rows.append(row)
    title = "## Kept pages for the processor time of one that nginx passes on"
    return f"{title}\n\n{_table(heads, rows)}"


def _block(path: str, delay: int, cells: Cells) -> str:
    heads = (
        "callers",
        "peer",
        "requests/s",
        "×",
        "CPU s/10,000",
        "×",
        "p50 ms",
        "p99 ms",
        "peak MiB",
    )
    rows = [
        _row(key, cell, cells.get((*key[:3], BASE)))
        for key, cell in cells.items()
        if key[:2] == (path, delay) and key[3] != "direct"
    ]
    table = _table((*heads, "calls of Azure for each", "failed", ""), rows)
    return f"## {path}, Azure {delay} ms away\n\n{table}"


def _row(key: tuple[str, int, int, str], cell: Cell, base: Cell | None) -> Row:
    def times(of: Callable[[Cell], float]) -> str:
        return f"{of(cell) / of(base):.2f}" if base and of(base) else "–"

    is_limited = cell.median(lambda it: it.load_idle) < 0.05
    return (
        str(key[2]),
        key[3],
        f"{cell.rate:,.0f}",
        times(lambda it: it.rate),
        f"{cell.cpu:.2f}",
        times(lambda it: it.cpu),
        f"{cell.median(lambda it: it.p50) / 1000:.2f}",
        f"{cell.median(lambda it: it.p99) / 1000:.2f}",
        f"{cell.median(lambda it: it.peak_memory) / 2**20:.0f}",
        cell.calls,
        str(sum(it.failed for it in cell.samples)),
        "load" if is_limited else "",
    )


def _added(cells: Cells) -> str:
    """What a peer adds to a direct call, at one connection."""
    places = [key for key in cells if key[3] == "direct"]
    names = list(dict.fromkeys(key[3] for key in cells if key[3] != "direct"))
    heads = ["peer", *(f"{path}, {delay} ms" for path, delay, _, _ in places)]
    rows = [["direct", *(f"{_p50(cells[key]):.0f}" for key in places)]]
    rows += ([name, *(_longer(cells, key, name) for key in places)] for name in names)
    return f"## Added latency, one caller, p50 in µs\n\n{_table(heads, rows)}"


def _longer(cells: Cells, direct: tuple[str, int, int, str], name: str) -> str:
    cell = cells.get((*direct[:3], name))
    return f"+{_p50(cell) - _p50(cells[direct]):.0f}" if cell else "–"


def _p50(cell: Cell) -> float:
    return cell.median(lambda it: it.p50)


def _life(
    starts: list[tuple[str, float]], bursts: list[Burst], samples: list[Sample]
) -> str:
    """Start, memory and cold bursts, by peer."""
    paths = list(dict.fromkeys(it.path for it in samples))
    heads = ["peer", "start to first 200, ms", *(f"peak MiB, {path}" for path in paths)]
    heads += ["tokens asked for, ARM", "Graph", "answered"]
    rows = []
    for name in dict.fromkeys(name for name, _ in starts):
        took = median(seconds for peer, seconds in starts if peer == name)
        memory = (_memory(name, path, samples) for path in paths)
        rows.append([name, f"{took * 1000:.0f}", *memory, *_burst(name, bursts)])
    title = f"## Start, memory, and {CALLERS} callers at once on a cold cache"
    return f"{title}\n\n{_table(heads, rows)}"


def _memory(name: str, path: str, samples: list[Sample]) -> str:
    """The most of any measurement of a round."""
    peaks: dict[int, int] = defaultdict(int)
    for it in samples:
        if (it.peer, it.path) == (name, path):
            peaks[it.round] = max(peaks[it.round], it.peak_memory)
    return f"{median(peaks.values()) / 2**20:.0f}" if peaks else "–"


def _burst(name: str, bursts: list[Burst]) -> Row:
    own = [it for it in bursts if it.peer == name]
    if not own:
        return ("–", "–", "–")
    tokens = [
        f"{median(it.tokens for it in own if it.kind == kind):.0f}"
        for kind in ("token_arm", "token_graph")
    ]
    answered = min(it.answered for it in own)
    return (*tokens, f"{answered} of {CALLERS}")


def _cells(samples: Iterable[Sample]) -> Cells:
    """By path, delay, connections and peer, in the order of the first round."""
    found: dict[tuple[str, int, int, str], list[Sample]] = defaultdict(list)
    for it in samples:
        found[(it.path, it.delay, it.connections, it.peer)].append(it)
    order = ("direct", *PEERS)
    ranked = sorted(found, key=lambda key: (*key[:3], order.index(key[3])))
    return {key: Cell(found[key]) for key in ranked}


def _table(heads: Row, rows: Iterable[Row]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
