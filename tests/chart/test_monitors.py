"""Who reads the metrics is told in words that it knows."""

import pytest

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


def test_rules_stay_with_the_operator_as_azure_reads_none(minimal):
    rendered = monitor(minimal, "PodMonitor", monitorApiVersion="azmonitoring.coreos.com/v1")
    rules = [it for it in rendered.all if it["kind"] == "PrometheusRule"]
    assert {it["apiVersion"] for it in rules} == {"monitoring.coreos.com/v1"}
