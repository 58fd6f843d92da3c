"""Which job a test does, the sandbox that it does it in, and what came of all jobs."""

import json
import os
import signal
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from sandbox import FOREIGN, Sandbox

ROOT = Path(__file__).parents[3]
JOBS = ROOT / "tests" / "conformance" / "jobs.toml"
RESULTS = Path(os.environ.get("CONFORMANCE_RESULTS", ROOT / "target" / "conformance"))

# No job takes nearly as long, but a broken Azure may make a client wait for ever.
PATIENCE = 20


def wanted() -> list[str]:
    """The jobs that are not said to be beyond this language's clients."""
    tables = tomllib.loads(JOBS.read_text(encoding="utf-8"))
    return [
        f"{table}.{key}"
        for table, jobs in tables.items()
        for key, job in jobs.items()
        if isinstance(job, str) or "python" not in job
    ]


@pytest.fixture
def start(monkeypatch):
    """Starts a sandbox: its host, and options of `azure-sandbox serve`."""
    started = []

    def start(host: str = "container-app", *options: str) -> Sandbox:
        sandbox = Sandbox(host, *options)
        started.append(sandbox)
        for name in FOREIGN:
            monkeypatch.delenv(name, raising=False)
        for name, value in sandbox.environment.items():
            monkeypatch.setenv(name, value)
        return sandbox

    yield start
    try:
        assert started, "a job has a sandbox"
        for sandbox in started:
            assert sandbox.unexpected() == []
    finally:
        for sandbox in started:
            sandbox.stop()


@pytest.fixture(autouse=True)
def end():
    """Ends a job that does not end."""

    def give_up(*_):
        raise TimeoutError(f"the job takes more than {PATIENCE} s")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)


@pytest.fixture(autouse=True)
def job(request):
    """Stands in the name of a test, so that `-k machines.tag` picks it; cases of one
    test say it themselves."""
    return getattr(request, "param", None)


def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker("job")
    if marker:
        metafunc.parametrize("job", marker.args[:1], ids=str, indirect=True)


def pytest_configure(config):
    config.addinivalue_line("markers", "job(name, client): the job, and the package it is about")
    config.pluginmanager.register(Results(), "results")


class Results:
    """A line of JSON for each job."""

    def __init__(self) -> None:
        self._lines: dict[str, dict] = {}

    def pytest_collection_modifyitems(self, items):
        for item in items:
            [marker] = item.iter_markers("job")
            name, client = marker.args
            item.user_properties += [("job", name), ("client", f"{client} {version(client)}")]

    def pytest_runtest_logreport(self, report):
        told = dict(report.user_properties)
        if report.skipped or (report.passed and report.when != "call"):
            return
        line = self._lines.setdefault(told["job"], {"client": told["client"], "job": told["job"]})
        if line.get("result") == "failed":
            return
        detail = "" if report.passed else first_line(report)
        line.update(result="passed" if report.passed else "failed", detail=detail)

    def pytest_sessionfinish(self, session):
        if session.config.option.collectonly:
            return
        RESULTS.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(it, ensure_ascii=False) + "\n" for it in self._lines.values()]
        (RESULTS / "python.jsonl").write_text("".join(lines), encoding="utf-8")
        if self.missing(session.config):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter, config):
        for name in self.missing(config):
            terminalreporter.write_line(f"MISSING {name}: no test does this job")

    def missing(self, config) -> list[str]:
        """A run that was told which jobs to do misses none."""
        if config.option.collectonly or config.option.keyword:
            return []
        return [name for name in wanted() if name not in self._lines]


def first_line(report) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr)
    return text.partition("\n")[0]
