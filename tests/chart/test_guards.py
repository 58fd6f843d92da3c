"""Values that contradict each other are refused, with a sentence that says what to do."""

import re

import pytest

from chart import MAJORS, ROOT, Refused, render

# What was said of each, by its sentence.
TOLD = {}

ONE = "eadc3d99-751d-4eb2-9955-a6934954edb7"
SCHEDULE = {"name": "evening", "schedule": "0 19 * * 1-5", "action": "deallocate", "vms": ["web-01"]}
KUBERNETES = {"auth": "kubernetes", "authAudience": [], "authKubernetesAudience": "api://mi-gateway"}

# Values over the least ones, and what is said of them.
FAULTS = [
    ({"config": {"auth": []}}, "config.auth is required"),
    ({"config": {"auth": "none"}}, "config.auth is none, with which the API is for the pod alone"),
    ({"config": {"authAudience": []}}, "config.authAudience is required with entra"),
    ({"config": {"auth": "oidc", "authAudience": []}}, "config.authIssuers is required with oidc"),
    ({"config": {"auth": "kubernetes", "authAudience": []}}, "config.authKubernetesAudience is required with kubernetes"),
    ({"config": {"authKubernetesAudience": "x"}}, "config.authKubernetesAudience is set, and config.auth does not have kubernetes"),
    ({"config": KUBERNETES | {"authTenant": ONE}}, "config.authTenant is set, and config.auth does not have entra"),
    ({"identity": {"type": "host"}}, "config.authTenant is required with entra"),
    ({"config": {"scopes": []}}, "config.scopes is required"),
    ({"identity": {"clientId": ""}}, "identity.clientId is required: the client id"),
    ({"identity": {"type": "projected"}}, "identity.tenantId is required with identity.type projected"),
    ({"identity": {"federatedTokenFile": "/token"}}, "identity.federatedTokenFile is set"),
    ({"config": {"identitySource": "imds"}}, "config.identitySource is imds, and identity.type is workload"),
    ({"config": {"identityObjectId": ONE}}, "config.identityObjectId is set, and workload identity takes a client id alone"),
    ({"identity": {"type": "host"}, "config": {"identityObjectId": ONE}}, "name one identity in several ways"),
    ({"policies": {"files": {"a.cedar": "x"}, "existingConfigMap": "b"}}, "policies.files and policies.existingConfigMap are both set"),
    ({"policies": {"files": {"a.cedar": "x"}}, "config": {"policyFile": "/p"}}, "config.policyFile is set, and policies says"),
    ({"tls": {"secretName": "t"}, "config": {"tlsKeyFile": "/k"}}, "tls.secretName is set, and config.tls… names other files"),
    ({"tls": {"clientCa": True}}, "tls.clientCa is on without tls.secretName"),
    ({"autoscaling": {"enabled": True}, "keda": {"enabled": True, "triggers": [{"type": "cpu", "metadata": {}}]}}, "autoscaling.enabled and keda.enabled are both on"),
    ({"autoscaling": {"enabled": True, "minReplicas": 5, "maxReplicas": 4}}, "autoscaling.maxReplicas is less"),
    ({"autoscaling": {"enabled": True, "targetCPUUtilizationPercentage": ""}}, "nothing says by what: set a target"),
    ({"keda": {"enabled": True}}, "keda.triggers is empty"),
    ({"keda": {"enabled": True, "maxReplicas": 1}}, "keda.maxReplicas is less"),
    ({"autoscaling": {"enabled": True}, "verticalPodAutoscaler": {"enabled": True, "updateMode": "Initial"}}, "verticalPodAutoscaler changes the resources"),
    ({"podDisruptionBudget": {"minAvailable": 1}}, "are both set: one of them has to be empty"),
    ({"podDisruptionBudget": {"maxUnavailable": ""}}, "neither podDisruptionBudget.minAvailable nor"),
    ({"config": {"listen": "127.0.0.1:8080"}}, "config.listen is a loopback address"),
    ({"config": {"adminListen": "[::1]:9090"}}, "config.adminListen is a loopback address"),
    ({"config": {"listen": "0.0.0.0:9090"}}, "config.listen and config.adminListen have the same port"),
    ({"service": {"ipFamilies": ["IPv6"]}}, "config.listen has to be an IPv6 address"),
    ({"service": {"ipFamilyPolicy": "PreferDualStack"}}, "config.listen has to be an IPv6 address where the Service may have one"),
    ({"service": {"ipFamilyPolicy": "RequireDualStack"}}, "config.adminListen has to be an IPv6 address"),
    ({"ingress": {"enabled": True}, "httpRoute": {"enabled": True, "parentRefs": [{"name": "g"}]}}, "ingress.enabled and httpRoute.enabled are both on"),
    ({"httpRoute": {"enabled": True}}, "httpRoute.parentRefs is required"),
    ({"metrics": {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}}, "metrics.serviceMonitor.enabled and metrics.podMonitor.enabled are both on"),
    ({"metrics": {"serviceMonitor": {"enabled": True}, "service": {"enabled": False}}}, "needs metrics.service.enabled"),
    ({"schedules": [SCHEDULE]}, "add kubernetes to config.auth, or oidc"),
    ({"schedules": [SCHEDULE], "config": {"auth": "oidc", "authAudience": [], "authIssuers": ["https://a=x", "https://b=x"]}}, "oidc with the cluster as the only issuer"),
    ({"tls": {"secretName": "t", "clientCa": True}}, "certificate, and schedules and helm test are callers"),
    ({"schedules": [SCHEDULE], "config": KUBERNETES, "tls": {"secretName": "t", "clientCa": True}, "tests": {"enabled": False}}, "scheduler.tls.clientSecretName is required"),
    ({"schedules": [SCHEDULE], "config": KUBERNETES, "policies": {"files": {"schedules.cedar": "x"}}}, "policies.files has a schedules.cedar"),
    ({"schedules": [SCHEDULE, SCHEDULE], "config": KUBERNETES}, "there are two schedules called evening"),
    ({"schedules": [SCHEDULE | {"resourceGroup": "rg-dev"}], "config": KUBERNETES}, "the schedule evening has a resourceGroup without a subscriptionId"),
    ({"schedules": [SCHEDULE | {"name": "a" * 40}], "config": KUBERNETES}, "has a name of more than 52 characters"),
    ({"terminationGracePeriodSeconds": 29}, "shutting down takes up to 5s + 20s + 5s"),
    ({"config": {"shutdownGrace": "2m"}}, "set it to 130 or more"),
    ({"config": {"shutdownDelay": 300}}, "set it to 325 or more"),
    ({"config": {"shutdownDelay": "7500ms"}}, "set it to 33 or more"),
]


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("values, sentence", FAULTS, ids=[it[1][:40] for it in FAULTS])
def test_it_is_refused_by_a_sentence(minimal, major, values, sentence):
    with pytest.raises(Refused) as refused:
        minimal(values, major=major)
    told = " ".join(str(refused.value).split())
    TOLD[sentence] = told
    assert "the values are not usable" in told and sentence in told, told


@pytest.mark.parametrize("major", MAJORS)
def test_all_faults_are_told_at_once(chart, major):
    with pytest.raises(Refused) as refused:
        render(chart, major=major)
    for sentence in ("config.auth is required", "config.scopes is required", "identity.clientId is required"):
        assert f"\n  {sentence}" in str(refused.value)


@pytest.mark.parametrize("nothing", ["0", 0], ids=["text", "number"])
def test_the_least_grace_is_enough(minimal, nothing):
    assert minimal({"terminationGracePeriodSeconds": 30}).pod["terminationGracePeriodSeconds"] == 30
    for times, least in (({"shutdownDelay": "7500ms", "shutdownGrace": nothing}, 13), ({"shutdownDelay": nothing}, 25)):
        assert minimal({"config": times, "terminationGracePeriodSeconds": least})


def test_the_margin_is_what_the_program_takes_beyond_its_times():
    takes = 0
    for path, name in (("app", "LETTING_GO"), ("audit", "LAST_LINES"), ("telemetry/output", "LAST_LINES")):
        text = (ROOT / f"src/{path}.rs").read_text()
        unit, count = re.search(rf"const {name}: Duration = Duration::from_(secs|millis)\(([\d_]+)\)", text).groups()
        takes += int(count) * {"secs": 1000, "millis": 1}[unit]
    assert takes == 5000


def test_every_guard_is_tested(chart):
    if len(TOLD) < len(FAULTS):
        pytest.skip("not all of them were tried")
    text = (chart / "templates/_guards.tpl").read_text()
    sentences = re.findall(r'append \$faults (?:\(printf )?"((?:[^"\\]|\\.)*)"', text)
    assert len(sentences) == text.count("append $faults")
    for sentence in sentences:
        pattern = re.sub("%[sv]", ".+", re.escape(sentence))
        assert any(re.search(pattern, told) for told in TOLD.values()), sentence
