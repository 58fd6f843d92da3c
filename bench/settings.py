"""What is compared, how long and how often: by variables of the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# What other peers are installed in, and what a run leaves behind.
INSTALLED = ROOT / "target" / "bench"

PEERS = (
    "nginx",
    "haproxy",
    "actix-awc",
    "gateway-bare",
    "gateway-full",
    "fastify",
    "fastapi",
    "actix-awc-looks",
    "fastify-looks",
    "fastapi-looks",
)

# They look at a machine before they order anything of it, as the gateway does, and are
# compared with orders alone.
LOOKING = PEERS[-3:]


def made_of(peer: str) -> str:
    """Which peer it is when it does not look."""
    return peer.removesuffix("-looks")


# Plain proxies, whose token never changes.
PLAIN = PEERS[:3]

# The proxy has the first core for itself; what loads it and what it asks share the other.
PROXY_CORE = 0
LOAD_CORE = 1


@dataclass(frozen=True)
class Settings:
    rounds: int
    seconds_each: int
    connections: tuple[int, ...]
    delays: tuple[int, ...]
    peers: tuple[str, ...]
    gateway: Path
    chunked: bool

    @property
    def stub(self) -> Path:
        return TARGET / "release" / "azure-stub"

    @property
    def plain_proxy(self) -> Path:
        return TARGET / "release" / "plain-proxy"

    @property
    def sandbox(self) -> Path:
        return TARGET / "debug" / "azure-sandbox"


def read() -> Settings:
    """The whole comparison takes some 25 minutes; QUICK=1 less than three."""
    quick = bool(_text("QUICK", ""))
    return Settings(
        rounds=int(_text("ROUNDS", "1" if quick else "3")),
        seconds_each=int(_text("SECONDS_EACH", "1" if quick else "2")),
        connections=_numbers("CONNECTIONS", "1 64" if quick else "1 16 64 256"),
        delays=_numbers("DELAYS", "0 20"),
        peers=_peers(_text("PEERS", " ".join(PEERS)).split()),
        gateway=Path(_text("GATEWAY", str(TARGET / "release" / "mi-gateway"))).resolve(),
        chunked=bool(_text("CHUNKED", "")),
    )


def _text(name: str, default: str) -> str:
    """An empty variable counts as unset, as make passes it on."""
    return os.environ.get(name) or default


def _numbers(name: str, default: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _text(name, default).split())


def _peers(names: list[str]) -> tuple[str, ...]:
    unknown = set(names) - set(PEERS)
    if unknown:
        raise SystemExit(f"PEERS knows {' '.join(PEERS)}, and not {' '.join(unknown)}")
    return tuple(names)
