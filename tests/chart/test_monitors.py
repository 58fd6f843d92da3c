"""Who reads the metrics is told in words that it knows."""

import re

import pytest

from chart import ROOT

AZURES = {"labelLimit": 63, "labelNameLengthLimit": 511, "labelValueLengthLimit": 1023}


def monitor(minimal, kind, **more):
    name = kind[0].lower() + kind[1:]
    return minimal({"metrics": {name: {"enabled": True}, "prometheusRule": {"enabled": True}} | more})


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_azures_prometheus_finds_a_monitor_in_its_own_group(minimal, kind):
    ours = monitor(minimal, kind)(kind)
    azures = monitor(minimal, kind, monitorApiVersion="azmonitoring.coreos.com/v1")(kind)
    assert ours["apiVersion"] == "monitoring.coreos.com/v1"
    assert azures["apiVersion"] == "azmonitoring.coreos.com/v1"
    # And loses nothing of what it finds.
    assert azures["spec"] == ours["spec"] | AZURES


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_two_releases_in_a_namespace_are_two_jobs(minimal, kind):
    name = kind[0].lower() + kind[1:]

    def job(release):
        rendered = minimal({"metrics": {name: {"enabled": True}}}, release=release)
        read = rendered("Service", "-metrics") if kind == "ServiceMonitor" else rendered("Deployment")["spec"]["template"]
        return read["metadata"]["labels"][rendered(kind)["spec"]["jobLabel"]]

    assert job("blue") != job("green")


def test_rules_stay_with_the_operator_as_azure_reads_none(minimal):
    rendered = monitor(minimal, "PodMonitor", monitorApiVersion="azmonitoring.coreos.com/v1")
    rules = [it for it in rendered.all if it["kind"] == "PrometheusRule"]
    assert {it["apiVersion"] for it in rules} == {"monitoring.coreos.com/v1"}


# What the operator names a target by, beside the address that every scrape has.
TARGETS = {
    "ServiceMonitor": {"namespace", "service", "pod", "container", "endpoint", "job", "instance"},
    "PodMonitor": {"namespace", "pod", "container", "endpoint", "job", "instance"},
}


def labels_of_metrics():
    rows = re.findall(r"^\| `mi_gateway_\w+` \|[^|]*\|([^|]*)\|", (ROOT / "docs/metrics.md").read_text(), re.M)
    return {label for row in rows for label in re.findall(r"`(\w+)`", row)}


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_no_label_of_a_target_hides_one_of_a_metric(minimal, kind):
    name = kind[0].lower() + kind[1:]
    own = {"action": "replace", "targetLabel": "service", "replacement": "x"}
    spec = minimal({"metrics": {name: {"enabled": True, "relabelings": [own]}}})(kind)["spec"]
    (endpoint,) = spec["endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"]
    *ours, last = endpoint["relabelings"]
    assert last == own, "what is wanted otherwise comes last"
    dropped = {it["regex"] for it in ours if it["action"] == "labeldrop"}
    assert "service" in labels_of_metrics()
    assert not (TARGETS[kind] - dropped) & labels_of_metrics()
