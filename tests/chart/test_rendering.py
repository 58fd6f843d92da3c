"""Every case of the matrix, by both majors of Helm, as it was when somebody looked."""

import tarfile

import pytest

from chart import CASES, CHART, HERE, MAJORS, Objects, Refused, helm, objects, render


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("case", [None, *CASES])
def test_lint_finds_nothing(major, case):
    values = ["--values", CASES[case]] if case else []
    told = helm(major, "lint", "--strict", CHART, *values)
    assert "[ERROR]" not in told and "[WARNING]" not in told, told


@pytest.mark.parametrize("case", CASES)
def test_both_majors_render_the_same(rendered, case):
    assert rendered["helm3", case] == rendered["helm4", case]


@pytest.mark.parametrize("case", CASES)
def test_it_is_what_the_snapshot_has(rendered, case, request):
    snapshot = HERE / "snapshots" / f"{case}.yaml"
    text = rendered["helm4", case]
    if request.config.getoption("--renew"):
        snapshot.write_text(text)
    assert snapshot.read_text() == text, "make chart-snapshots renews it, if it is meant"


def test_every_snapshot_has_its_case():
    assert {path.stem for path in (HERE / "snapshots").iterdir()} == CASES.keys()


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_rendered_twice(rendered, case):
    named = [
        (it["kind"], it["metadata"].get("namespace"), it["metadata"]["name"])
        for it in Objects(rendered["helm4", case]).all
    ]
    assert len(named) == len(set(named))


def shape(it):
    """What is left of an object when each value is its type."""
    if isinstance(it, dict):
        return {key: shape(value) for key, value in it.items()}
    return [shape(value) for value in it] if isinstance(it, list) else type(it)


NAMES = ["fullnameOverride", "nameOverride", "serviceAccount.name", "ingress.className"]
NAMES += ["priorityClassName", "runtimeClassName", "schedulerName"]
NAMES += ["scheduler.tls.caSecretName", "scheduler.tls.clientSecretName"]


@pytest.mark.parametrize("case", CASES)
def test_a_name_of_digits_is_a_name(chart, case):
    """Whatever has one; a namespace may be called 2024, and a release as well."""

    def shapes(name):
        names = ",".join(f"{it}={name}" for it in NAMES)
        arguments = ["--namespace", name, "--values", CASES[case], "--set-string", names]
        return [shape(it) for it in objects(helm("helm4", "template", name, chart, *arguments))]

    assert shapes("2024") == shapes("year")


def test_the_matrix_has_every_kind(rendered):
    kinds = {it["kind"] for text in rendered.values() for it in Objects(text).all}
    assert kinds >= {
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "CronJob",
        "Deployment",
        "HTTPRoute",
        "HorizontalPodAutoscaler",
        "Ingress",
        "NetworkPolicy",
        "Pod",
        "PodDisruptionBudget",
        "PodMonitor",
        "PrometheusRule",
        "ScaledObject",
        "Service",
        "ServiceAccount",
        "ServiceMonitor",
        "VerticalPodAutoscaler",
    }


@pytest.mark.parametrize("major", MAJORS)
def test_an_older_kubernetes_is_refused(chart, major):
    values = ["--values", CASES["minimal"]]
    render(chart, *values, "--kube-version", "1.27.0", major=major)
    with pytest.raises(Refused, match="incompatible with Kubernetes"):
        render(chart, *values, "--kube-version", "1.26.15", major=major)


def test_the_chart_is_packed_without_what_tests_alone_need(chart, work):
    helm("helm4", "package", chart, "--destination", work)
    with tarfile.open(work / "mi-gateway-0.1.0.tgz") as package:
        names = package.getnames()
    assert "mi-gateway/policies/default.cedar" in names
    assert "mi-gateway/dashboards/overview.json" in names
    assert not [name for name in names if "/ci/" in name]
