"""What the chart brings as files: dashboards, alerts and the built-in policies."""

import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from chart import CASES, CHART, HERE, MAJORS, ROOT, Objects, render

ON = {"metrics": {"dashboards": {"enabled": True}, "prometheusRule": {"enabled": True}}}


def dashboards_of(rendered):
    return {
        name: text
        for it in rendered.all
        if it["kind"] == "ConfigMap" and "grafana_dashboard" in it["metadata"]["labels"]
        for name, text in it["data"].items()
    }


def rules_of(rendered):
    return {
        it["metadata"]["name"]: it["spec"]["groups"] for it in rendered.all if it["kind"] == "PrometheusRule"
    }


@pytest.mark.parametrize("major", MAJORS)
def test_dashboards_are_passed_on_byte_for_byte(minimal, major):
    files = sorted((HERE / "fixtures/dashboards").glob("*.json"))
    expected = {f"mi-gateway-{path.name}": path.read_text() for path in files}
    assert dashboards_of(minimal(ON, major=major)) == expected


@pytest.mark.parametrize("major", MAJORS)
def test_rules_are_passed_on_as_they_are(minimal, major):
    expected = {
        f"rel-mi-gateway-{path.stem}": yaml.safe_load(path.read_text())["groups"]
        for path in (HERE / "fixtures/alerts").glob("*.yaml")
    }
    assert rules_of(minimal(ON, major=major)) == expected


def test_an_alert_can_be_left_out_and_labelled(minimal):
    rule = {"enabled": True, "disabled": ["Unwanted"], "alertLabels": {"team": "platform", "severity": "page"}}
    groups = rules_of(minimal({"metrics": {"prometheusRule": rule}}))
    assert groups.keys() == {"rel-mi-gateway-gateway"}, "a file without rules is no object"
    (group,) = groups["rel-mi-gateway-gateway"]
    record, alert = group["rules"]
    assert "labels" not in record and alert["labels"] == {"team": "platform", "severity": "page"}


@pytest.mark.parametrize("document", ["runbooks/MiGatewayDirectoryPermissionMissing.md", "azure-setup.md"])
def test_a_document_tells_what_leaves_an_alert_out(minimal, document):
    said = re.findall(r"`metrics\.prometheusRule\.disabled: (.*)`", (ROOT / "docs" / document).read_text())
    ((name,),) = map(yaml.safe_load, said)

    def alerts(disabled):
        rule = {"enabled": True, "disabled": disabled}
        groups = rules_of(minimal({"metrics": {"prometheusRule": rule}}, at=CHART)).values()
        return {it.get("alert") for file in groups for group in file for it in group["rules"]}

    assert alerts([]) - alerts([name]) == {name}


def test_rules_of_ones_own_are_added(minimal):
    own = [{"name": "own", "rules": [{"alert": "Own", "expr": "up == 0"}]}]
    rule = {"enabled": True, "extraGroups": own}
    assert rules_of(minimal({"metrics": {"prometheusRule": rule}}))["rel-mi-gateway-extra"] == own


def test_neither_dashboards_nor_alerts_have_to_be_there(minimal, bare_chart):
    rendered = minimal(ON, at=bare_chart)
    assert not dashboards_of(rendered) and not rules_of(rendered)


def test_what_the_chart_itself_has_is_rendered(minimal):
    rendered = minimal(ON, at=CHART)
    for path in (CHART / "dashboards").glob("*.json"):
        assert dashboards_of(rendered)[f"mi-gateway-{path.name}"] == path.read_text()
        assert json.loads(path.read_text())
    for path in (CHART / "alerts").glob("*.yaml"):
        assert rules_of(rendered)[f"rel-mi-gateway-{path.stem}"] == yaml.safe_load(path.read_text())["groups"]


def links_of(rendered):
    """Where alerts and dashboards lead for documents."""
    texts = [*dashboards_of(rendered).values(), json.dumps(rules_of(rendered))]
    places = [text.split('"')[0] for whole in texts for text in whole.split('"https://')[1:]]
    return {f"https://{place}" for place in places if "/docs" in place}


@pytest.mark.parametrize("given", ["https://git.example.org/gw/blob/main/docs", "https://git.example.org/gw/blob/main/docs/"])
def test_links_lead_to_where_the_documents_are_read(minimal, given):
    base = given.rstrip("/")
    metrics = {"docsUrl": given} | ON["metrics"]
    links = links_of(minimal({"metrics": metrics}, at=CHART))
    assert base in links and f"{base}/runbooks/MiGatewayAbsent.md" in links
    for link in links:
        assert link.startswith(base) and (ROOT / "docs" / link.removeprefix(base).strip("/")).exists(), link


def test_a_release_leads_to_its_own_documents(minimal, tmp_path):
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    scripts = [step.get("run", "") for step in workflow["jobs"]["chart"]["steps"]]
    (script,) = (it for it in scripts if "helm package" in it)
    shutil.copytree(CHART, tmp_path / "helm/mi-gateway")
    environment = {"GITHUB_SERVER_URL": "https://github.example.org", "GITHUB_REPOSITORY": "someone/mi-gateway"}
    environment |= {"GITHUB_REF_NAME": "v1.2.3", "PATH": os.environ["PATH"]}
    before = script.split("helm package")[0]
    subprocess.run(["bash", "-e", "-c", before], cwd=tmp_path, env=environment, check=True)
    links = links_of(minimal(ON, at=tmp_path / "helm/mi-gateway"))
    assert links
    for link in links:
        assert link.startswith("https://github.example.org/someone/mi-gateway/blob/v1.2.3/docs"), link


def test_a_dashboard_fits_into_a_config_map():
    for path in (CHART / "dashboards").glob("*.json"):
        assert path.stat().st_size < 1_000_000, path


def test_the_sidecar_is_told_by_label_and_annotation(minimal):
    settings = {"enabled": True, "namespace": "monitoring", "label": "dash", "labelValue": "yes"}
    settings |= {"annotations": {"grafana_folder": "Azure"}}
    found = minimal({"metrics": {"dashboards": settings}})("ConfigMap", "dashboard-overview")["metadata"]
    assert found["labels"]["dash"] == "yes" and found["namespace"] == "monitoring"
    assert found["annotations"] == {"grafana_folder": "Azure"}


def test_the_built_in_policies_are_the_programs():
    own = ROOT / "deploy/policies/default.cedar"
    assert (CHART / "policies/default.cedar").read_text() == own.read_text()


def test_policies_are_no_templates(minimal):
    braces = '@id("{{ .Values }}") permit (principal, action, resource);'
    data = minimal({"policies": {"files": {"a.cedar": braces}}})("ConfigMap", "-policies")["data"]
    assert data == {"a.cedar": braces}


def test_further_objects_are_templates(chart):
    of_case = Objects(render(chart, "--values", CASES["everything"]))
    assert of_case("ConfigMap", "-object")["data"] == {"url": "http://azure-gateway.ops.svc"}
    assert of_case("ConfigMap", "-text")["data"] == {"account": "gateway"}
