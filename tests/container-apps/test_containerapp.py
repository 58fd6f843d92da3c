"""`containerapp.yaml` is a container app, and what is not one is noticed."""

import copy
import re

import pytest
import yaml
from azure_types import Resource
from repository import FILES, variables

APP = Resource("Microsoft.App/containerApps")
TEXT = (FILES / "containerapp.yaml").read_text()


def app():
    """The file, with something in the place of its values; the command names the app."""
    return {"name": "mi-gateway"} | yaml.safe_load(re.sub(r"\$\{(\w+)\}", r"\1", TEXT))


def container(body):
    (found,) = body["properties"]["template"]["containers"]
    return found


def probe(body):
    return container(body)["probes"][0]


def seconds(body, variable):
    (value,) = (one["value"] for one in container(body)["env"] if one["name"] == variable)
    return int(value.removesuffix("s"))


def test_every_property_is_one_of_a_container_app():
    assert APP.faults(app()) == []


def test_every_variable_is_one_of_the_gateways():
    assert {one["name"] for one in container(app())["env"]} <= variables()


def test_the_platform_waits_longer_than_the_gateway_takes_to_end():
    body = app()
    takes = seconds(body, "MIG_SHUTDOWN_DELAY") + seconds(body, "MIG_SHUTDOWN_GRACE")
    assert body["properties"]["template"]["terminationGracePeriodSeconds"] == takes + 5


def test_cpu_and_memory_are_a_pair_that_the_platform_takes():
    resources = container(app())["resources"]
    assert resources["memory"] == f"{resources['cpu'] * 2:g}Gi"


def test_every_value_that_is_put_in_is_exported_in_the_readme():
    readme = (FILES / "README.md").read_text()
    for name in set(re.findall(r"\$\{(\w+)\}", TEXT)):
        assert re.search(rf"^\$ export .*\b{name}=", readme, re.MULTILINE), name


def test_the_collector_of_the_readme_fits_into_it():
    blocks = re.findall(r"^```yaml\n(.*?)^```", (FILES / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    configuration, template = (yaml.safe_load(block) for block in blocks)
    assert APP.faults(configuration, "Configuration") == []
    assert APP.faults(template, "Template") == []
    assert scraped()["targets"] == [f"localhost:{probe(app())['httpGet']['port']}"]


def scraped():
    """What a collector reads metrics of."""
    receiver = yaml.safe_load((FILES / "collector.yaml").read_text())["receivers"]["prometheus"]
    (job,) = receiver["config"]["scrape_configs"]
    (target,) = job["static_configs"]
    return target


def test_an_instance_is_a_replica_and_not_the_address_that_all_of_them_have():
    assert scraped()["labels"] == {"instance": "${env:CONTAINER_APP_REPLICA_NAME}"}


def kubernetes_key(body):
    container(body)["readinessProbe"] = container(body)["probes"].pop()


def probes_by_name(body):
    container(body)["probes"] = {one["type"]: one for one in container(body)["probes"]}


def set_in(part, key, value):
    return lambda body: part(body).__setitem__(key, value)


def without(part, key):
    return lambda body: part(body).pop(key)


def ingress(body):
    return body["properties"]["configuration"]["ingress"]


def settings(body):
    return body["properties"]["configuration"]["identitySettings"][0]


MUTATIONS = {
    "a key of Kubernetes": (kubernetes_key, ".readinessProbe is not known"),
    "probes that are no list": (probes_by_name, ".probes has to be a list"),
    "another word": (set_in(probe, "type", "readiness"), ".type is 'readiness'"),
    "a port that is text": (set_in(lambda body: probe(body)["httpGet"], "port", "9090"), ".port is '9090'"),
    "a probe without a port": (without(lambda body: probe(body)["httpGet"], "port"), ".port is missing"),
    "cores that are text": (set_in(lambda body: container(body)["resources"], "cpu", "0.5"), ".cpu is '0.5'"),
    "a number of cores for another number": (set_in(probe, "periodSeconds", 0.5), ".periodSeconds is 0.5"),
    "yes for true": (set_in(ingress, "external", "yes"), ".external is 'yes'"),
    "a transport that is none": (set_in(ingress, "transport", "https"), ".transport is 'https'"),
    "a life cycle in lower case": (set_in(settings, "lifecycle", "main"), ".lifecycle is 'main'"),
    "settings of no identity": (without(settings, "identity"), ".identity is missing"),
    "an identity of no type": (without(lambda body: body["identity"], "type"), ".identity.type is missing"),
    "no place": (without(lambda body: body, "location"), ".location is missing"),
    "what Azure sets": (set_in(ingress, "fqdn", "a.example"), ".fqdn is for Azure alone"),
    "a value from a field": (
        lambda body: container(body)["env"][0].update(valueFrom={}),
        ".env[0].valueFrom is not known",
    ),
    "a rule whose metadata is a number": (
        lambda body: body["properties"]["template"]["scale"]["rules"][0]["http"]["metadata"].update(
            concurrentRequests=100
        ),
        ".concurrentRequests is 100",
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_is_noticed(mutation):
    change, words = MUTATIONS[mutation]
    body = copy.deepcopy(app())
    change(body)
    assert words in "\n".join(APP.faults(body))
