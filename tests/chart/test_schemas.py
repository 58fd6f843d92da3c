"""What is rendered is what Kubernetes and the operators take, key by key."""

import copy
import json
import os
import subprocess

import jsonschema
import kubernetes_validate
import pytest

from chart import BUILT, CASES, HERE, KUBERNETES, Objects

# Kinds that Kubernetes does not bring, but for VerticalPodAutoscaler.
OF_PROMETHEUS = ("ServiceMonitor", "PodMonitor", "PrometheusRule")
OF_OPERATORS = {*OF_PROMETHEUS, "ScaledObject", "HTTPRoute"}
OWN_SCHEMAS = {"VerticalPodAutoscaler": "verticalpodautoscaler.json"}


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("case", CASES)
def test_kubernetes_takes_every_object(rendered, case, version):
    for it in Objects(rendered["helm4", case]).all:
        if it["kind"] in OF_OPERATORS | OWN_SCHEMAS.keys():
            continue
        kubernetes_validate.validate(it, version, strict=True)


def test_the_newest_kubernetes_with_schemas_is_tried():
    newest = kubernetes_validate.latest_version()
    assert KUBERNETES[1].split(".")[:2] == newest.split(".")[:2]


@pytest.mark.parametrize("case", CASES)
def test_own_schemas_are_kept(rendered, case):
    for it in Objects(rendered["helm4", case]).all:
        if it["kind"] in OWN_SCHEMAS:
            jsonschema.validate(it, json.loads((HERE / "schemas" / OWN_SCHEMAS[it["kind"]]).read_text()))


def operators_say(found, work):
    listed = work / "objects.json"
    listed.write_text(json.dumps(found))
    done = subprocess.run(
        ["node", HERE / "javascript/kinds.mjs", listed],
        capture_output=True,
        text=True,
        env=os.environ | {"CHART_MODULES": str(BUILT / "javascript")},
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def of_operators(rendered):
    return [
        it
        for case in CASES
        for it in Objects(rendered["helm4", case]).all
        if it["kind"] in OF_OPERATORS
    ]


def test_operators_take_every_object(of_operators, work):
    assert {it["kind"] for it in of_operators} == OF_OPERATORS
    assert operators_say(of_operators, work) == []


def test_azure_has_monitors_and_no_rules(of_operators, work):
    moved = [copy.deepcopy(next(it for it in of_operators if it["kind"] == kind)) for kind in OF_PROMETHEUS]
    for it in moved:
        it["apiVersion"] = "azmonitoring.coreos.com/v1"
    (told,) = operators_say(moved, work)
    assert "PrometheusRule" in told and "nobody knows the kind" in told


def test_a_key_that_operators_do_not_know_would_be_noticed(of_operators, work):
    spoilt = [copy.deepcopy(next(it for it in of_operators if it["kind"] == kind)) for kind in OF_OPERATORS]
    for it in spoilt:
        it["spec"]["unknown"] = 1
    told = operators_say(spoilt, work)
    for kind in OF_OPERATORS:
        assert any(line.startswith(kind) and "unknown" in line for line in told), (kind, told)
