"""Every variable of the program is a value of the chart, by the same name and meaning."""

import os
import re
import subprocess

import pytest
import yaml

from chart import CASES, CHART, ROOT, Objects

# Variables that are not ours, and the values that set them.
IDENTITY = {
    "AZURE_CLIENT_ID": "clientId",
    "AZURE_TENANT_ID": "tenantId",
    "AZURE_AUTHORITY_HOST": "authorityHost",
    "AZURE_FEDERATED_TOKEN_FILE": "federatedTokenFile",
}

# Set by hosts that are not Kubernetes. Who wants them nevertheless has extraEnv.
OTHER_HOSTS = {
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "DEFAULT_IDENTITY_CLIENT_ID",
}


def variables():
    """Name, default and meaning of each, from the table in the program; those of
    OpenTelemetry have a table of their own, and are for extraEnv."""
    source = (ROOT / "src/config/variables.rs").read_text()
    table = source[source.index("const OURS") :]
    count = int(re.search(r"\[Variable; (\d+)\]", table)[1])
    text = r'"((?:[^"\\]|\\.)*)"'
    entry = re.compile(rf"variable\(\s*{text},\s*(?:None|Some\({text}\)),\s*{text},?\s*\)", re.S)
    found = [
        (name, default, re.sub(r"\\\n\s*", "", meaning))
        for name, default, meaning in entry.findall(table)
    ]
    assert len(found) == count
    return found


def value_of(variable):
    first, *more = variable.removeprefix("MIG_").lower().split("_")
    return first + "".join(word.title() for word in more)


OURS = [it for it in variables() if it[0].startswith("MIG_")]
VALUES = (CHART / "values.yaml").read_text()

# For each value one that the schema takes, where no other rule below has one; and its text
# where that is another.
SAMPLES = {
    "listen": "0.0.0.0:8181",
    "adminListen": "0.0.0.0:9191",
    "auth": ["entra", "oidc", "kubernetes"],
    "authTenant": "7b31ddc4-0000-4000-8000-5a4d0bca1a11",
    "authAudience": ["one", "two"],
    "authVersions": ["1.0", "2.0"],
    "authIssuers": ["https://issuer.example.com=audience"],
    "authKubernetesAudience": "api://mi-gateway",
    "kubernetesEndpoint": "https://10.0.0.1:443",
    "publicUrl": "https://mi-gateway.example.com",
    "trustedProxies": ["10.0.0.0/8", "fd00::/8"],
    "workers": 3,
    "cloud": "usgov",
    "scopes": ["/subscriptions/5ab1e000-0000-4000-8000-000000000001"],
    "allowManaged": True,
    "allowSelf": False,
    "docs": "on",
    "vmUpdate": "on",
    "directory": "replica",
    "directoryCache": 16777217,
    "directoryMostUsers": 1000001,
    "identitySource": "imds",
    "identityObjectId": "eadc3d99-751d-4eb2-9955-a6934954edb7",
    "identityResourceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i",
    "upstreamConcurrency": 64,
    "operationLimit": 1000000,
    "connectionLimit": 512,
    "bodyLimit": 1048576,
    "headerLimit": 40960,
    "callerChanges": "7/1m",
    "groupChanges": "off",
    "log": "trace",
    "logFormat": "json",
}
TEXTS = {
    "auth": "entra,oidc,kubernetes",
    "authAudience": "one,two",
    "authVersions": "1.0,2.0",
    "trustedProxies": "10.0.0.0/8,fd00::/8",
    "allowManaged": "on",
    "allowSelf": "off",
}


def sample(name):
    if name in SAMPLES:
        return SAMPLES[name]
    if name.endswith(("File", "Folder")):
        return f"/etc/{name}"
    if name.endswith("Endpoint"):
        return "http://127.0.0.1:4580"
    return "1s"


def text(name):
    value = sample(name)
    return TEXTS.get(name) or (",".join(value) if isinstance(value, list) else str(value))


def test_config_has_the_programs_variables_and_no_others():
    assert {value_of(name) for name, _, _ in OURS} == yaml.safe_load(VALUES)["config"].keys()


def test_variables_of_hosts_are_values_or_are_known_to_be_none():
    hosts = {name for name, _, _ in variables() if not name.startswith("MIG_")}
    assert hosts == IDENTITY.keys() | OTHER_HOSTS


@pytest.mark.parametrize("name, default, meaning", OURS, ids=[it[0] for it in OURS])
def test_a_value_is_documented_in_the_programs_words(name, default, meaning):
    beside = f"`{name}`; without it `{default}`" if default else f"`{name}`"
    line = rf"^  ## @param config\.{value_of(name)} (?:\[array\] )?{re.escape(f'{meaning} ({beside})')}$"
    assert re.search(line, VALUES, re.M), f"## @param config.{value_of(name)} {meaning} ({beside})"


@pytest.mark.parametrize("name", [it[0] for it in OURS])
def test_a_value_sets_its_variable(minimal, name):
    value = value_of(name)
    # With every method at once, none of their values is idle.
    methods = ("auth", "authTenant", "authIssuers", "authKubernetesAudience")
    config = {it: SAMPLES[it] for it in methods} | {value: sample(value)}
    host = {"identity": {"type": "host", "clientId": ""}}
    assert minimal(host | {"config": config}).variables[name] == text(value)


def test_values_of_the_identity_set_the_variables_of_azure(minimal):
    given = {
        "clientId": "eadc3d99-751d-4eb2-9955-a6934954edb7",
        "tenantId": "7b31ddc4-0000-4000-8000-5a4d0bca1a11",
        "authorityHost": "https://login.example.com",
        "federatedTokenFile": "/token",
    }
    variables = minimal({"identity": given | {"type": "host"}}).variables
    for name, value in IDENTITY.items():
        assert variables[name] == given[value]


def test_lists_may_be_written_as_text(minimal):
    scopes = "/subscriptions/5ab1e000-0000-4000-8000-000000000001, /subscriptions/5ab1e000-0000-4000-8000-000000000002"
    assert minimal({"config": {"scopes": scopes}}).variables["MIG_SCOPES"] == scopes


PROGRAM = os.environ.get("MI_GATEWAY", ROOT / "target/debug/mi-gateway")


def program(*arguments, environment=None):
    if not os.access(PROGRAM, os.X_OK):
        pytest.skip(f"{PROGRAM} is not built")
    return subprocess.run(
        [PROGRAM, *arguments], env=environment or {}, capture_output=True, text=True, timeout=30
    )


# What the cluster adds to a pod.
OF_THE_CLUSTER = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "HOSTNAME": "pod"}
OF_THE_WEBHOOK = {
    "AZURE_CLIENT_ID": "eadc3d99-751d-4eb2-9955-a6934954edb7",
    "AZURE_TENANT_ID": "7b31ddc4-0000-4000-8000-5a4d0bca1a11",
    "AZURE_FEDERATED_TOKEN_FILE": "/var/run/secrets/azure/wi/token/azure-identity-token",
    "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/",
}


@pytest.mark.parametrize("case", CASES)
def test_the_program_takes_the_variables_of_every_case(rendered, case):
    of_case = Objects(rendered["helm4", case])
    environment = OF_THE_CLUSTER | of_case.variables
    if of_case("Deployment")["spec"]["template"]["metadata"]["labels"].get("azure.workload.identity/use"):
        environment = OF_THE_WEBHOOK | environment
    # Exit code 78 and a list of faults is what it has for variables that it does not
    # take; `grant` reads all of them, and asks nobody.
    done = program("grant", environment=environment | {"MIG_AUDIT_FILE": ""})
    assert "the configuration is not usable" not in done.stderr, done.stderr
    assert done.returncode != 78, done.stderr


@pytest.mark.parametrize("case", CASES)
def test_the_program_takes_the_policies_of_every_case(rendered, case, tmp_path):
    of_case = Objects(rendered["helm4", case])
    for it in of_case.all:
        if it["kind"] == "ConfigMap" and it["metadata"]["name"].endswith("-policies"):
            for name, policies in it["data"].items():
                (tmp_path / name).write_text(policies)
    if not list(tmp_path.iterdir()):
        return
    done = program("policy", "check", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
