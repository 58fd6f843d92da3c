"""What the tests have in common."""

import json
import tempfile
from pathlib import Path

import pytest

from chart import CASES, HERE, MAJORS, Objects, copy_of_chart, render


def pytest_addoption(parser):
    parser.addoption("--renew", action="store_true", help="write the snapshots anew")


@pytest.fixture(scope="session")
def work():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def chart(work):
    """The chart with dashboards and alerts that stay as they are."""
    fixtures = HERE / "fixtures"
    return copy_of_chart(work / "filled", fixtures / "dashboards", fixtures / "alerts")


@pytest.fixture(scope="session")
def bare_chart(work):
    """The chart without any dashboard and alert."""
    return copy_of_chart(work / "bare")


@pytest.fixture(scope="session")
def rendered(chart):
    """Every case of the matrix as text, by Helm's major and its name."""
    return {
        (major, case): render(chart, "--values", path, major=major)
        for major in MAJORS
        for case, path in CASES.items()
    }


@pytest.fixture
def minimal(chart, work):
    """Renders the least values, and others over them."""

    def rendering(values=None, major="helm4", release="rel", at=None):
        over = work / "over.yaml"
        over.write_text(json.dumps(values or {}))
        files = ["--values", CASES["minimal"], "--values", over]
        return Objects(render(at or chart, *files, major=major, release=release))

    return rendering
