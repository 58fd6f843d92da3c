"""What the pods of the gateway are promised to be."""

import re
from ipaddress import ip_address, ip_network

import pytest

from chart import ROOT

KUBERNETES = {"auth": "kubernetes", "authAudience": [], "authKubernetesAudience": "api://mi-gateway"}
POLICY = {"files": {"a.cedar": "permit (principal, action, resource);"}}


def template(rendered):
    return rendered("Deployment")["spec"]["template"]


def test_workload_identity_is_told_to_the_webhook(minimal):
    identity = {"tenantId": "7b31ddc4-0000-4000-8000-5a4d0bca1a11", "tokenExpirationSeconds": 7200}
    rendered = minimal({"identity": identity})
    assert template(rendered)["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert rendered("ServiceAccount")["metadata"]["annotations"] == {
        "azure.workload.identity/client-id": "eadc3d99-751d-4eb2-9955-a6934954edb7",
        "azure.workload.identity/tenant-id": "7b31ddc4-0000-4000-8000-5a4d0bca1a11",
        "azure.workload.identity/service-account-token-expiration": "7200",
    }
    assert rendered.pod["serviceAccountName"] == rendered("ServiceAccount")["metadata"]["name"]
    assert rendered.variables["MIG_IDENTITY_SOURCE"] == "workload"


def test_without_the_webhook_the_chart_projects_the_assertion(minimal):
    identity = {"type": "projected", "tenantId": "7b31ddc4-0000-4000-8000-5a4d0bca1a11"}
    rendered = minimal({"identity": identity})
    assert "azure.workload.identity/use" not in template(rendered)["metadata"]["labels"]
    (volume,) = rendered.pod["volumes"]
    assert volume["projected"]["sources"] == [
        {"serviceAccountToken": {"path": "token", "audience": "api://AzureADTokenExchange", "expirationSeconds": 3600}}
    ]
    (mount,) = rendered.container["volumeMounts"]
    assert rendered.variables["AZURE_FEDERATED_TOKEN_FILE"] == f"{mount['mountPath']}/token"
    assert rendered.variables["AZURE_CLIENT_ID"] and rendered.variables["AZURE_TENANT_ID"]


def test_an_account_of_somebody_elses_has_the_client_id_by_variable(minimal):
    rendered = minimal({"serviceAccount": {"create": False, "name": "shared"}})
    assert not rendered.has("ServiceAccount") and rendered.pod["serviceAccountName"] == "shared"
    assert rendered.variables["AZURE_CLIENT_ID"] == "eadc3d99-751d-4eb2-9955-a6934954edb7"


def test_pods_are_restricted(minimal):
    rendered = minimal()
    assert rendered.pod["securityContext"]["runAsUser"] == 65532
    assert rendered.container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert rendered.pod["automountServiceAccountToken"] is False
    assert rendered("ServiceAccount")["automountServiceAccountToken"] is False
    assert rendered.pod["enableServiceLinks"] is False


def test_probes_ask_the_admin_listener(minimal):
    container = minimal({"config": {"adminListen": "0.0.0.0:9191"}}).container
    ports = {it["name"]: it["containerPort"] for it in container["ports"]}
    assert ports == {"api": 8080, "metrics": 9191}
    for probe, path in (("startup", "/livez"), ("liveness", "/livez"), ("readiness", "/readyz")):
        assert container[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "metrics"}


def test_new_variables_start_new_pods_and_new_policies_do_not(minimal):
    def checksum(values):
        return template(minimal(values))["metadata"]["annotations"]["checksum/config"]

    assert checksum({}) == checksum({"replicaCount": 5})
    assert checksum({}) != checksum({"config": {"log": "debug"}})
    other = {"files": {"a.cedar": "forbid (principal, action, resource);"}}
    assert checksum({"policies": POLICY}) == checksum({"policies": other})


def test_another_identity_starts_new_pods(minimal):
    """The webhook puts it into a pod when that is made, and the pod's template does not name it."""

    def annotations(identity):
        return template(minimal({"identity": identity}))["metadata"]["annotations"]

    others = {
        "clientId": "3caaaf2b-39fe-410e-8d5b-c9048fd85443",
        "tenantId": "7b31ddc4-0000-4000-8000-5a4d0bca1a11",
        "tokenExpirationSeconds": 7200,
    }
    for name, value in others.items():
        assert annotations({name: value}) != annotations({}), name
    assert annotations({"tokenExpirationSeconds": 3600}) == annotations({})


def test_policies_are_a_folder(minimal):
    rendered = minimal({"policies": POLICY})
    (mount,) = rendered.container["volumeMounts"]
    assert rendered.variables["MIG_POLICY_FILE"] == mount["mountPath"] and "subPath" not in mount
    (volume,) = rendered.pod["volumes"]
    assert volume["configMap"]["name"] == rendered("ConfigMap", "-policies")["metadata"]["name"]


def test_policies_of_somebody_elses_are_mounted(minimal):
    rendered = minimal({"policies": {"existingConfigMap": "company"}})
    (volume,) = rendered.pod["volumes"]
    assert volume["configMap"] == {"name": "company"} and "MIG_POLICY_FILE" in rendered.variables


def test_tls_is_that_of_the_secret(minimal):
    rendered = minimal({"tls": {"secretName": "certificate", "clientCa": True}, "tests": {"enabled": False}})
    (mount,) = rendered.container["volumeMounts"]
    folder = mount["mountPath"]
    assert rendered.variables["MIG_TLS_CERTIFICATE_FILE"] == f"{folder}/tls.crt"
    assert rendered.variables["MIG_TLS_KEY_FILE"] == f"{folder}/tls.key"
    assert rendered.variables["MIG_TLS_CLIENT_CA_FILE"] == f"{folder}/ca.crt"
    (port,) = rendered("Service", "rel-mi-gateway")["spec"]["ports"]
    assert port["port"] == 443 and port["appProtocol"] == "https"


@pytest.mark.parametrize("tls", [{}, {"secretName": "certificate"}])
def test_a_load_balancer_of_azure_is_not_made_to_ask_for_what_takes_a_token(minimal, tls):
    def port(kind):
        rendered = minimal({"service": {"type": kind}, "tls": tls})
        (found,) = rendered("Service", "rel-mi-gateway")["spec"]["ports"]
        return found

    assert "appProtocol" not in port("LoadBalancer")
    assert port("ClusterIP")["appProtocol"] == port("NodePort")["appProtocol"] == ("https" if tls else "http")


def test_only_reviews_of_tokens_take_rights_and_a_token(minimal):
    assert not minimal().has("ClusterRole") and "volumes" not in minimal().pod
    rendered = minimal({"config": KUBERNETES})
    assert rendered("ClusterRole")["rules"] == [
        {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]}
    ]
    (subject,) = rendered("ClusterRoleBinding")["subjects"]
    assert subject == {"kind": "ServiceAccount", "name": "rel-mi-gateway", "namespace": "ops"}
    (mount,) = rendered.container["volumeMounts"]
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert rendered.pod["automountServiceAccountToken"] is False
    mounted = minimal({"config": KUBERNETES, "serviceAccount": {"automount": True}})
    assert "volumes" not in mounted.pod and mounted.pod["automountServiceAccountToken"] is True
    assert not minimal({"config": KUBERNETES, "rbac": {"create": False}}).has("ClusterRole")


def test_the_record_of_changes_is_read_from_every_replica_and_from_nothing_else(minimal):
    document = (ROOT / "docs/audit.md").read_text()
    selector = dict(it.split("=") for it in re.search(r"--selector (\S+)", document)[1].split(","))
    schedules = [{"name": "night", "schedule": "0 22 * * *", "action": "deallocate", "vms": ["web-01"]}]
    rendered = minimal({"config": KUBERNETES, "schedules": schedules}, release="mi-gateway")
    selected = lambda it: selector.items() <= it["metadata"]["labels"].items()
    assert selected(template(rendered))
    jobs = rendered("CronJob")["spec"]["jobTemplate"]["spec"]["template"]
    assert not selected(jobs) and not selected(rendered("Pod", "-test"))
    containers = [it["name"] for it in rendered.pod["containers"]]
    assert re.search(r"logs --container (\S+)", document)[1] in containers


@pytest.mark.parametrize("scaler", ["autoscaling", "keda"])
def test_who_counts_the_replicas_does_it_alone(minimal, scaler):
    triggers = [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}]
    more = {"triggers": triggers} if scaler == "keda" else {}
    assert "replicas" not in minimal({scaler: {"enabled": True} | more})("Deployment")["spec"]
    assert minimal({"replicaCount": 5})("Deployment")["spec"]["replicas"] == 5


def test_a_digest_counts_in_place_of_the_tag(minimal):
    digest = "sha256:" + "0" * 64
    assert minimal({"image": {"digest": digest, "tag": "x"}}).container["image"] == f"mi-gateway@{digest}"
    assert minimal({"image": {"tag": "x"}}).container["image"] == "mi-gateway:x"
    assert minimal().container["image"] == "mi-gateway:0.1.0"


def test_the_service_of_the_api_does_not_offer_metrics(minimal):
    rendered = minimal()
    ports = {it["metadata"]["name"]: [port["name"] for port in it["spec"]["ports"]] for it in rendered.all if it["kind"] == "Service"}
    assert ports == {"rel-mi-gateway": ["api"], "rel-mi-gateway-metrics": ["metrics"]}
    assert rendered("Service", "-metrics")["spec"]["type"] == "ClusterIP"


def egress(rendered):
    rules = rendered("NetworkPolicy")["spec"]["egress"]
    return {(port["port"], str(rule.get("to"))) for rule in rules for port in rule["ports"]}


def test_what_goes_out_is_what_is_needed(minimal):
    on = {"networkPolicy": {"enabled": True}}
    ports = lambda values: {port for port, _ in egress(minimal(on | values))}
    assert ports({}) == {53, 443}
    assert ports({"config": KUBERNETES}) == {53, 443, 6443}
    host = {"identity": {"type": "host"}, "config": {"authTenant": "7b31ddc4-0000-4000-8000-5a4d0bca1a11"}}
    assert ports(host) == {53, 443, 80}
    assert "169.254.169.254/32" in str(egress(minimal(on | host)))


@pytest.mark.parametrize("resolver", ["169.254.10.10", "169.254.10.11", "169.254.20.10"])
def test_a_resolver_of_the_node_is_asked_for_names_and_for_nothing_else(minimal, resolver):
    """LocalDNS of AKS has the first two, by which policy a pod has; NodeLocal DNSCache the last."""
    rules = minimal({"networkPolicy": {"enabled": True}})("NetworkPolicy")["spec"]["egress"]
    names = [it for it in rules if {port["port"] for port in it["ports"]} == {53}]
    assert {port["protocol"] for it in names for port in it["ports"]} == {"UDP", "TCP"}
    blocks = [ip_network(peer["ipBlock"]["cidr"]) for it in names for peer in it["to"] if "ipBlock" in peer]
    assert any(ip_address(resolver) in block for block in blocks)
    assert all(block.is_link_local and block.num_addresses <= 2 for block in blocks)


def test_a_narrow_api_still_takes_what_the_chart_brings(minimal):
    peers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}]
    rules = minimal({"networkPolicy": {"enabled": True, "api": {"from": peers}}})("NetworkPolicy")["spec"]["ingress"]
    api = next(it for it in rules if it["ports"][0]["port"] == "api")
    assert api["from"][0] == peers[0]
    (components,) = api["from"][1]["podSelector"]["matchExpressions"]
    assert components["values"] == ["schedule", "test"]


def test_long_names_keep_their_suffix(minimal):
    rendered = minimal({"tests": {"enabled": True}}, release="r" * 53)
    names = [it["metadata"]["name"] for it in rendered.all]
    assert all(len(name) <= 63 for name in names), names
    assert rendered("ConfigMap", "-config") and rendered("Service", "-metrics")


def test_spread_constraints_get_the_selector_of_the_chart(minimal):
    own = minimal()("Deployment")["spec"]["selector"]
    for it in minimal().pod["topologySpreadConstraints"]:
        assert it["labelSelector"] == own
