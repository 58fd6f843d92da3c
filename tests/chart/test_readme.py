"""The table of values in the README follows from the values file."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import PurePath
from urllib.parse import urlsplit

import pytest
import yaml

from chart import BUILT, CHART, ROOT


def generate(readme):
    tool = BUILT / "javascript/node_modules/@bitnami/readme-generator-for-helm/bin/index.js"
    arguments = ["--values", CHART / "values.yaml", "--readme", readme]
    done = subprocess.run(["node", tool, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_table_is_in_step(request, tmp_path):
    readme = CHART / "README.md"
    if request.config.getoption("--renew"):
        generate(readme)
    copy = tmp_path / "README.md"
    shutil.copy(readme, copy)
    generate(copy)
    assert copy.read_text() == readme.read_text(), "make chart-snapshots renews it"


def test_links_lead_somewhere():
    for rest in (CHART / "README.md").read_text().split("](")[1:]:
        target = rest.split(")")[0]
        assert "://" in target or (CHART / target).exists(), target


EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", (CHART / "README.md").read_text(), re.M | re.S)


@pytest.mark.parametrize("example", EXAMPLES, ids=[it.split(":")[0] for it in EXAMPLES])
def test_an_example_is_taken(minimal, example):
    assert minimal(yaml.safe_load(example))


def test_a_collector_is_reached_through_the_network_policy(minimal):
    (example,) = (it for it in EXAMPLES if "OTEL_EXPORTER_OTLP_ENDPOINT" in it)
    rendered = minimal(yaml.safe_load(example))
    endpoint = urlsplit(rendered.variables["OTEL_EXPORTER_OTLP_ENDPOINT"])
    egress = rendered("NetworkPolicy")["spec"]["egress"]
    assert endpoint.port in {port["port"] for rule in egress for port in rule["ports"]}


@pytest.fixture
def record(minimal):
    """The example with a file for the record of changes: the file, as the gateway is told, and
    the containers of its pod."""
    (example,) = (it for it in EXAMPLES if "MIG_AUDIT_FILE" in it)
    rendered = minimal(yaml.safe_load(example))
    return rendered.variables["MIG_AUDIT_FILE"], rendered.pod["containers"]


def test_each_pod_records_changes_in_a_file_of_its_own(record):
    file, (gateway, sidecar) = record
    names = [it["name"] for it in gateway["env"]]
    assert "$(POD_NAME)" in file and names.index("POD_NAME") < names.index("MIG_AUDIT_FILE")
    for container in (gateway, sidecar):
        (name,) = (it for it in container["env"] if it["name"] == "POD_NAME")
        assert name["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
        assert PurePath(file).parent in [PurePath(it["mountPath"]) for it in container["volumeMounts"]]


def test_a_pod_renames_its_own_file_and_no_others(record, tmp_path):
    file, (_, sidecar) = record
    ours, theirs = (tmp_path / PurePath(file.replace("$(POD_NAME)", pod)).name for pod in ("one", "other"))
    for it in (ours, theirs):
        it.write_text("a line\n")
    rotating = subprocess.Popen(sidecar["command"], cwd=tmp_path, env=os.environ | {"POD_NAME": "one"}, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while ours.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        os.killpg(rotating.pid, signal.SIGKILL)
        rotating.wait(timeout=60)
    assert [it.read_text() for it in tmp_path.glob("one-*.jsonl")] == ["a line\n"] and not ours.exists()
    assert theirs.read_text() == "a line\n"


def test_the_chart_is_of_the_programs_version():
    manifest = (ROOT / "Cargo.toml").read_text()
    version = manifest.split('version = "', 1)[1].split('"')[0]
    chart = (CHART / "Chart.yaml").read_text()
    assert f'appVersion: "{version}"' in chart and f"\nversion: {version}\n" in chart
    assert f"image: mi-gateway:{version}" in chart


def test_the_images_are_told():
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    curl = values["scheduler"]["image"]
    images = yaml.safe_load((CHART / "Chart.yaml").read_text())["annotations"]["artifacthub.io/images"]
    assert [it["image"] for it in yaml.safe_load(images)][1:] == [f"{curl['repository']}:{curl['tag']}"]
