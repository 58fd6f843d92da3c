"""Azure as all peers meet it: the stub, and an issuer of callers' tokens beside it."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import Process
from settings import LOAD_CORE, Settings

# Of the local Azure in tests/sandbox.
SUBSCRIPTION = "5ab1e000-0000-4000-8000-000000000001"
GROUP = "rg-web"
TENANT = "7b31ddc4-0000-4000-8000-5a4d0bca1a11"
AUDIENCE = "6a7e0a91-0000-4000-8000-0000000a9100"
CLIENT_ID = "eadc3d99-751d-4eb2-9955-a6934954edb7"

SELECT = "id,displayName,userPrincipalName,mail,department,jobTitle"

# All of it is on loopback.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Azure:
    """Where it is, and what its token endpoint gives out."""

    url: str
    token: str
    # Who issues the tokens of the gateway's callers, and one of them.
    issuer: str
    caller: str
    process: Process

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    def counts(self) -> dict[str, int]:
        """What it was asked for since it was last asked for this."""
        return get(f"{self.url}/stub/counts")

    def delay(self, milliseconds: int) -> None:
        """How long Resource Manager and Graph take from now on."""
        get(f"{self.url}/stub/delay/{milliseconds}")

    def token_delay(self, milliseconds: int) -> None:
        """How long the token endpoint takes from now on."""
        get(f"{self.url}/stub/token-delay/{milliseconds}")


@contextmanager
def running(settings: Settings, folder: Path) -> Iterator[Azure]:
    """Both, until the `with` ends."""
    stub = [str(settings.stub), *(["--chunked"] if settings.chunked else [])]
    sandbox = [str(settings.sandbox), "serve", "--json", "--listen", "127.0.0.1:0"]
    with (
        Process(stub, LOAD_CORE, folder / "stub.out") as process,
        Process(sandbox, LOAD_CORE, folder / "sandbox.out") as entra,
    ):
        url = first_line(process)
        issuer = json.loads(first_line(entra))["url"]
        yield Azure(
            url=url,
            token=get(f"{url}/stub/token")["token"],
            issuer=issuer,
            # With every role that the built-in policies know.
            caller=get(f"{issuer}/sandbox/callers/token", b"{}")["token"],
            process=process,
        )


def first_line(process: Process) -> str:
    """Where it listens is the first that either of them says."""
    while not (said := process.output.read_text(encoding="utf-8")).endswith("\n"):
        process.must_live()
    return said.splitlines()[0]


def get(url: str, body: bytes | None = None) -> dict[str, Any]:
    with OPENER.open(url, data=body, timeout=5) as answer:
        told: dict[str, Any] = json.load(answer)
    return told
