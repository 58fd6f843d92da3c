"""What became of each job, as lines of JSON in `target/conformance/contract.jsonl`."""

import json
from importlib.metadata import version
from typing import Any

import pytest

from generator import BUILT

RESULTS: list[dict[str, str]] = []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "job(id, title, client): what a test does, and which client does it"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report: pytest.TestReport = yield
    if report.when != "call" and report.passed:
        return report
    if (mark := item.get_closest_marker("job")) is None:
        return report
    job, title = mark.args
    client = mark.kwargs.get("client", "openapi-python-client")
    _record(client, job, title, report, dict(report.user_properties).get("detail", ""))
    return report


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        title = f"{report.nodeid} is read"
        _record("openapi-python-client", "client.import", title, report, "")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.option.collectonly:
        return
    BUILT.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(result, ensure_ascii=False) + "\n" for result in RESULTS]
    (BUILT / "contract.jsonl").write_text("".join(lines), encoding="utf-8")


def _record(
    client: str,
    job: str,
    title: str,
    report: pytest.TestReport | pytest.CollectReport,
    detail: object,
) -> None:
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        text = crash.message if crash else report.longreprtext.strip()
        detail = text.splitlines()[0]
    result = "passed" if report.passed else "failed"
    RESULTS.append(
        {
            "client": f"{client} {version(client)}",
            "job": job,
            "title": title,
            "result": result,
            "detail": str(detail),
        }
    )
