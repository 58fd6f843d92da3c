"""schemathesis tries whatever the contract allows, and what it forbids."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import AUTHENTICATED, ROOT, Gateway, running
from generator import BUILT

HERE = Path(__file__).resolve().parent
ADMIN = ("/", "/status.css", "/metrics", "/livez", "/readyz")
DOCS = ("/docs", "/docs/{file}")

# Dozens of orders are waited for.
OPERATION_TAKES = "200ms"


@pytest.fixture(scope="module")
def tried() -> Iterator[Gateway]:
    """A gateway whose machines nobody else counts on, and that asks who calls."""
    with running(OPERATION_TAKES, AUTHENTICATED) as it:
        yield it


def told(url: str, *words: str) -> str:
    """How much was tried; nothing may have been found."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(HERE / "schemathesis.toml")),
            *("run", str(ROOT / "openapi.yaml"), "--url", url, "--no-color", *words),
        ],
        cwd=BUILT,
        env=os.environ | {"PYTHONPATH": str(HERE), "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    faults = ", ".join(re.findall(r"(?:❌|🚫) +(\w.*: \d+)$", run.stdout, re.M))
    assert run.returncode == 0, f"{faults or 'no end'}\n{run.stdout}{run.stderr}"
    (tried,) = re.findall(r"^ *Tested: (\d+)", run.stdout, re.M)
    (cases,) = re.findall(r"^ *(\d+) generated, \1 passed", run.stdout, re.M)
    return f"{cases} requests to {tried} operations"


def caller(gateway: Gateway) -> tuple[str, str]:
    """Who schemathesis is, where it does not try to be somebody else."""
    return ("--header", f"Authorization: Bearer {gateway.token()}")


def job(name: str, title: str, value: str) -> Any:
    mark = pytest.mark.job(f"schemathesis.{name}", title, client="schemathesis")
    return pytest.param(value, marks=mark, id=name)


@pytest.mark.parametrize(
    "phase",
    [
        job("examples", "the examples of the contract", "examples"),
        job("coverage", "every constraint, kept and broken", "coverage"),
        job("fuzzing", "random requests, right and wrong", "fuzzing"),
        job("stateful", "sequences of requests along links", "stateful"),
    ],
)
def test_the_api_answers_as_documented(
    tried: Gateway, phase: str, detail: Callable[[str], None]
) -> None:
    elsewhere = (*ADMIN, *DOCS)
    excluded = [word for path in elsewhere for word in ("--exclude-path", path)]
    detail(told(tried.api, *caller(tried), "--phases", phase, *excluded))


@pytest.mark.parametrize(
    "media_type",
    [
        job("csv", "whole listings of users as text/csv", "text/csv"),
        job("ndjson", "whole listings of users as NDJSON", "application/x-ndjson"),
    ],
)
def test_whole_listings_are_as_documented(
    tried: Gateway, media_type: str, detail: Callable[[str], None]
) -> None:
    phases = ("--phases", "examples,coverage,fuzzing")
    operation = ("--include-operation-id", "listUsers")
    words = (*caller(tried), "--header", f"Accept: {media_type}")
    detail(told(tried.api, *words, *operation, *phases))


@pytest.mark.job(
    "schemathesis.admin", "the admin listener, all of that", client="schemathesis"
)
def test_the_admin_listener_answers_as_documented(
    tried: Gateway, detail: Callable[[str], None]
) -> None:
    included = [word for path in ADMIN for word in ("--include-path", path)]
    # There is no link from one of them to another.
    phases = "examples,coverage,fuzzing"
    detail(told(tried.admin, "--phases", phases, *included))


@pytest.mark.job(
    "schemathesis.docs",
    "the contract as a page, where it is offered",
    client="schemathesis",
)
def test_the_page_answers_as_documented(detail: Callable[[str], None]) -> None:
    with running(OPERATION_TAKES, {**AUTHENTICATED, "MIG_DOCS": "on"}) as offering:
        included = [word for path in DOCS for word in ("--include-path", path)]
        # Without a token, other methods get 401 and not the 405 that is looked for.
        words = (*caller(offering), "--phases", "examples,coverage,fuzzing")
        detail(told(offering.api, *words, *included))
