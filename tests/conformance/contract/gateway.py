"""A gateway in front of a local Azure, as two processes of their own."""

import json
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from types import MappingProxyType
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / "target" / "debug"

# Longer than a start takes; only a fault runs into it.
PATIENCE_SECONDS = 30.0
BETWEEN_LOOKS_SECONDS = 0.05

# The local Azure has one name twice, in two groups of this subscription.
SUBSCRIPTION = "/subscriptions/5ab1e000-0000-4000-8000-000000000001"

VARIABLES = {
    "MIG_LISTEN": "127.0.0.1:0",
    "MIG_ADMIN_LISTEN": "127.0.0.1:0",
    "MIG_LOG_FORMAT": "json",
    "MIG_SCOPES": SUBSCRIPTION,
    "MIG_SHUTDOWN_DELAY": "0",
    "MIG_VM_UPDATE": "on",
}

# The tenant of the local Azure, and the gateway's application in it. Nobody counts
# what schemathesis orders.
AUTHENTICATED = {
    "MIG_AUTH": "entra",
    "MIG_AUTH_TENANT": "7b31ddc4-0000-4000-8000-5a4d0bca1a11",
    "MIG_AUTH_AUDIENCE": "6a7e0a91-0000-4000-8000-0000000a9100",
    "MIG_POLICY_FILE": str(Path(__file__).resolve().parent / "everybody.cedar"),
    "MIG_CALLER_CHANGES": "off",
}

# Where the local Azure is, before the gateway says where it is itself.
TOLD = 'printf \'{"azure":"%s"}\\n\' "$MIG_ENTRA_ENDPOINT"; exec "$@"'

# The environment may name a proxy, which has no business on loopback.
DIRECT = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Gateway:
    """Where the two listeners of a gateway are, and the local Azure behind it."""

    api: str
    admin: str
    azure: str

    def token(self) -> str:
        """A token of a caller who may do everything that an app role allows."""
        url = f"{self.azure}/sandbox/callers/token"
        with DIRECT.open(url, data=b"{}", timeout=PATIENCE_SECONDS) as answer:
            return str(json.load(answer)["token"])


@contextmanager
def running(
    operation_takes: str, more: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Gateway]:
    """A gateway that is ready, with `more` variables, until the block ends."""
    # `env`, as the local Azure sets MIG_SCOPES to one group for its program.
    variables = [f"{name}={value}" for name, value in {**VARIABLES, **more}.items()]
    process = subprocess.Popen(
        [
            str(PROGRAMS / "azure-sandbox"),
            *("exec", "--operation-takes", operation_takes, "--"),
            *("sh", "-c", TOLD, "sh", "env", *variables, str(PROGRAMS / "mi-gateway")),
        ],
        env={name: it for name, it in os.environ.items() if not name.startswith("MIG_")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        gateway = _addresses(_read(process.stdout or ()))
        _wait_until_ready(gateway)
        yield gateway
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _read(stream: Iterable[str]) -> "Queue[str | None]":
    """The lines of `stream` as they come, then None; the pipe never fills up."""
    lines: Queue[str | None] = Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    Thread(target=read, daemon=True).start()
    return lines


def _addresses(lines: "Queue[str | None]") -> Gateway:
    """Where the gateway listens, by its own log: the ports are free ones."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    azure = ""
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=left)
        except Empty:
            break
        if line is None:
            raise RuntimeError("the gateway ended before it listened")
        record = json.loads(line)
        azure = record.get("azure", azure)
        if "api" in record and "admin" in record:
            api, admin = f"http://{record['api']}", f"http://{record['admin']}"
            return Gateway(api, admin, azure)
    raise TimeoutError("the gateway does not say where it listens")


def _wait_until_ready(gateway: Gateway) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with DIRECT.open(f"{gateway.admin}/readyz", timeout=PATIENCE_SECONDS):
                return
        except (HTTPError, URLError) as fault:
            if time.monotonic() > deadline:
                raise TimeoutError("the gateway does not become ready") from fault
        time.sleep(BETWEEN_LOOKS_SECONDS)
