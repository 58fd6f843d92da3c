"""The gateway that is driven, and the clients that drive it."""

from collections.abc import Callable, Iterator

import httpx
import pytest

import generator
from gateway import Gateway, running

pytest_plugins = ["results"]

GENERATED = generator.generate()

# More than the longest `Prefer: wait` here, and the gateway's own deadline.
TIMEOUT = httpx.Timeout(60.0)


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with running(operation_takes="1s") as it:
        yield it


@pytest.fixture(scope="session")
def api(gateway: Gateway) -> "Iterator[Client]":
    with _client(gateway.api) as it:
        yield it


@pytest.fixture(scope="session")
def admin(gateway: Gateway) -> "Iterator[Client]":
    with _client(gateway.admin) as it:
        yield it


@pytest.fixture
def detail(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says in a few words what a job came to."""
    return lambda text: record_property("detail", text)


# The import is late, as the package is made above.
from mi_gateway_client import Client  # noqa: E402


def _client(url: str) -> Client:
    # An answer that the contract does not have is an error, and so is a proxy
    # from the environment.
    return Client(
        base_url=url,
        timeout=TIMEOUT,
        raise_on_unexpected_status=True,
        httpx_args={"trust_env": False},
    )
