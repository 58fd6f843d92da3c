"""The schema takes what is documented, and nothing else."""

import json

import pytest
import yaml

from chart import CHART, MAJORS, Refused

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())

UNKNOWN = "additional properties"
REJECTED = [
    ({"replicas": 2}, UNKNOWN),
    ({"config": {"listn": "0.0.0.0:80"}}, UNKNOWN),
    ({"image": {"repo": "x"}}, UNKNOWN),
    ({"metrics": {"serviceMonitor": {"enable": True}}}, UNKNOWN),
    ({"networkPolicy": {"api": {"from": [{"podSelectr": {}}]}}}, UNKNOWN),
    ({"replicaCount": -1}, "/replicaCount"),
    ({"replicaCount": "two"}, "/replicaCount"),
    ({"image": {"digest": "sha256:123"}}, "/image/digest"),
    ({"image": {"repository": "Has Spaces"}}, "/image/repository"),
    ({"identity": {"type": "secret"}}, "/identity/type"),
    ({"identity": {"clientId": "me"}}, "/identity/clientId"),
    ({"identity": {"tokenExpirationSeconds": 60}}, "/identity/tokenExpirationSeconds"),
    ({"config": {"auth": "basic"}}, "/config/auth"),
    ({"config": {"auth": ["entra", "entra"]}}, "/config/auth"),
    ({"config": {"auth": "none,entra"}}, "/config/auth"),
    ({"config": {"scopes": ["/resourceGroups/rg"]}}, "/config/scopes"),
    ({"config": {"cloud": "germany"}}, "/config/cloud"),
    ({"config": {"upstreamTimeout": "soon"}}, "/config/upstreamTimeout"),
    ({"config": {"upstreamTimeout": 0}}, "/config/upstreamTimeout"),
    ({"config": {"shutdownGrace": 301}}, "/config/shutdownGrace"),
    ({"config": {"bodyLimit": 1023}}, "/config/bodyLimit"),
    ({"config": {"bodyLimit": 1048577}}, "/config/bodyLimit"),
    ({"config": {"callerChanges": "many"}}, "/config/callerChanges"),
    ({"config": {"workers": 0}}, "/config/workers"),
    ({"config": {"listen": "8080"}}, "/config/listen"),
    ({"config": {"armEndpoint": "management.azure.com"}}, "/config/armEndpoint"),
    ({"config": {"vmUpdate": "yes"}}, "/config/vmUpdate"),
    ({"policies": {"files": {"a.txt": "x"}}}, "/policies/files"),
    ({"schedules": [{"name": "a", "schedule": "* * * * *", "action": "delete", "vms": ["a"]}]}, "/schedules/0/action"),
    ({"schedules": [{"name": "A", "schedule": "* * * * *", "action": "start", "vms": ["a"]}]}, "/schedules/0/name"),
    ({"schedules": [{"name": "a", "schedule": "at night", "action": "start", "vms": ["a"]}]}, "/schedules/0/schedule"),
    ({"schedules": [{"name": "a", "schedule": "TZ=UTC 0 1 * * *", "action": "start", "vms": ["a"]}]}, "/schedules/0/schedule"),
    ({"schedules": [{"name": "a", "schedule": "* * * * *", "action": "start", "vms": []}]}, "/schedules/0/vms"),
    ({"schedules": [{"name": "a", "schedule": "* * * * *", "action": "start", "vms": ["a'; rm"]}]}, "/schedules/0/vms/0"),
    ({"schedules": [{"name": "a", "schedule": "* * * * *", "action": "start", "vms": ["a"], "resourceGroup": 'a"b'}]}, "/schedules/0/resourceGroup"),
    ({"scheduler": {"wait": 121}}, "/scheduler/wait"),
    ({"keda": {"minReplicas": 0}}, "/keda/minReplicas"),
    ({"service": {"type": "ExternalName"}}, "/service/type"),
    ({"service": {"port": 70000}}, "/service/port"),
    ({"ingress": {"hosts": []}}, "/ingress/hosts"),
    ({"podDisruptionBudget": {"maxUnavailable": "a third"}}, "/podDisruptionBudget/maxUnavailable"),
    ({"hostUsers": "no"}, "/hostUsers"),
    ({"metrics": {"docsUrl": "git.example.org/docs"}}, "/metrics/docsUrl"),
    ({"metrics": {"docsUrl": 'https://git.example.org/a"b'}}, "/metrics/docsUrl"),
    ({"metrics": {"monitorApiVersion": "monitoring.azure.com/v1"}}, "/metrics/monitorApiVersion"),
    ({"podLabels": {"number": 1}}, "/podLabels/number"),
]


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("values, place", REJECTED, ids=[json.dumps(it[0])[:60] for it in REJECTED])
def test_the_schema_rejects_it(minimal, major, values, place):
    with pytest.raises(Refused) as refused:
        minimal(values, major=major)
    told = str(refused.value)
    assert "don't meet the specifications of the schema" in told and place in told, told


def test_no_object_of_the_schema_takes_unknown_keys():
    """But for objects of Kubernetes' own, which Kubernetes checks, and texts by name."""
    loose = []

    def walk(schema, place):
        if not isinstance(schema, dict):
            return
        has_names = "properties" in schema
        if has_names and schema.get("additionalProperties") is not False:
            loose.append(place)
        for key, value in schema.items():
            if key in ("properties", "definitions"):
                for name, below in value.items():
                    walk(below, f"{place}/{name}")
            elif key in ("items", "additionalProperties"):
                walk(value, f"{place}/*")
            elif key in ("anyOf", "oneOf", "allOf"):
                for below in value:
                    walk(below, place)

    walk(SCHEMA, "")
    assert loose == []


def resolved(schema):
    reference = schema.get("$ref")
    return SCHEMA["definitions"][reference.rsplit("/", 1)[1]] if reference else schema


def test_every_value_of_the_schema_stands_in_the_values_file_and_the_other_way_round():
    def compare(schema, values, place):
        schema = resolved(schema)
        names = schema.get("properties")
        if names is None or not isinstance(values, dict):
            return
        # A service account of a job, and claims of resources, are nothing to begin with.
        optional = {"global"} if not place else {"claims", "nodeAffinity", "podAffinity", "podAntiAffinity"}
        optional |= {"nameservers", "searches", "options", "request", "backendRequest"}
        assert names.keys() - optional == values.keys() - optional, place
        for name in names.keys() & values.keys():
            compare(names[name], values[name], f"{place}/{name}")

    compare(SCHEMA, VALUES, "")


def test_a_value_that_is_not_set_renders_nothing(minimal):
    given = minimal().variables
    assert given.keys() == {"MIG_AUTH", "MIG_AUTH_AUDIENCE", "MIG_IDENTITY_SOURCE", "MIG_SCOPES", "MIG_WORKERS"}
    assert "env" not in minimal().container


def test_the_chart_can_be_part_of_another(minimal):
    assert minimal({"global": {"anything": 1}})
