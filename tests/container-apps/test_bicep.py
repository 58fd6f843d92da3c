"""The templates are Bicep, hold what Azure's types do, and grant what `role.json` does."""

import json

import pytest
import yaml
from azure_types import OneOf, Resource, Unknown
from bicep import Template
from repository import FILES, ROOT, variables

#: Of Microsoft Graph, for whose resources there are no types here.
USER_READ_ALL = "df021288-bdef-4463-88db-98f22de89214"


def text(name):
    return (FILES / name).read_text()


def template(name):
    return Template(text(name))


def faults(read):
    """All that is wrong with the Azure resources of a template."""
    found = []
    for symbol, resource in read.resources.items():
        if resource["type"].startswith("Microsoft.Graph/"):
            continue
        types = Resource(resource["type"])
        if resource["api_version"] != types.version:
            found.append(f"{symbol} is of {resource['api_version']}, and known is {types.version}")
        found += [f"{symbol}{fault}" for fault in types.faults(read.body(symbol))]
    return found


def first(value):
    return value.values[0] if isinstance(value, OneOf) else value


def container(read):
    (found,) = read.body("app")["properties"]["template"]["containers"]
    return found


def environment(read):
    return {one["name"]: one["value"] for one in first(container(read)["env"])}


@pytest.mark.parametrize("name", ["main.bicep", "role.bicep", "graph.bicep"])
def test_every_property_is_known_and_every_name_declared(name):
    read = template(name)
    assert faults(read) == []
    assert read.undeclared() == []
    assert read.unused() == []


@pytest.mark.parametrize("name", ["main.bicep", "role.bicep", "graph.bicep"])
def test_every_parameter_says_what_it_is_for(name):
    for parameter, declared in template(name).parameters.items():
        assert any(one["type"] == "description" for one in declared["decorators"]), parameter


def test_the_role_is_that_of_role_json():
    (permission,) = template("role.bicep").body("operator")["properties"]["permissions"]
    role = json.loads((ROOT / "deploy/azure/role.json").read_text())
    for ours, theirs in [
        ("actions", "Actions"),
        ("notActions", "NotActions"),
        ("dataActions", "DataActions"),
        ("notDataActions", "NotDataActions"),
    ]:
        assert permission[ours] == role[theirs]
    assert template("role.bicep").body("operator")["properties"]["description"] == role["Description"]
    assert template("main.bicep").parameters["roleName"]["default"] == role["Name"]


def test_the_module_gets_what_it_asks_for():
    read, module = template("main.bicep"), template("role.bicep")
    config = read.modules["role"]["config"]["config"]
    assert set(config["params"]) == set(module.parameters)
    assert config["scope"]["function"]["parameters"]["resource_group_name"] == "machinesResourceGroup"


def test_every_variable_is_one_of_the_gateways():
    assert set(environment(template("main.bicep"))) <= variables()


def test_the_platform_waits_longer_than_the_gateway_takes_to_end():
    read = template("main.bicep")
    total = "shutdownDelaySeconds + shutdownGraceSeconds + shutdownMarginSeconds"
    assert f"terminationGracePeriodSeconds: {total}\n" in read.text
    assert "name: 'MIG_SHUTDOWN_DELAY'\n              value: '${shutdownDelaySeconds}s'" in read.text
    assert "name: 'MIG_SHUTDOWN_GRACE'\n              value: '${shutdownGraceSeconds}s'" in read.text
    assert read.variables["shutdownMarginSeconds"]["value"] >= 5


def test_every_choice_of_cores_has_its_memory():
    read = template("main.bicep")
    (choices,) = (one["argument"] for one in read.parameters["cpu"]["decorators"] if one["type"] == "allowed")
    assert read.value("memoryOf") == {cores: f"{float(cores) * 2:g}Gi" for cores in choices}


def test_main_and_the_yaml_file_say_the_same():
    read, app = template("main.bicep"), yaml.safe_load(text("containerapp.yaml"))
    body, (theirs,) = read.body("app")["properties"], app["properties"]["template"]["containers"]
    assert container(read)["probes"] == theirs["probes"]
    assert set(environment(read)) == {one["name"] for one in theirs["env"]}
    ingress = app["properties"]["configuration"]["ingress"]
    assert body["configuration"]["ingress"] == ingress | {"external": Unknown("bool")}
    rules = app["properties"]["template"]["scale"]["rules"]
    assert [rule["name"] for rule in body["template"]["scale"]["rules"]] == [rule["name"] for rule in rules]
    defaults = {name: declared.get("default") for name, declared in read.parameters.items()}
    scale = app["properties"]["template"]["scale"]
    assert (defaults["minReplicas"], defaults["maxReplicas"]) == (scale["minReplicas"], scale["maxReplicas"])
    assert defaults["concurrentRequests"] == int(rules[0]["http"]["metadata"]["concurrentRequests"])


def test_the_readme_has_every_parameter():
    readme = text("README.md")
    for parameter in template("main.bicep").parameters:
        if parameter not in ("name", "location", "tags"):
            assert f"`{parameter}`" in readme, parameter


def test_graph_grants_one_permission_and_no_other():
    read = template("graph.bicep")
    assert [resource["type"] for resource in read.resources.values()] == [
        "Microsoft.Graph/servicePrincipals",
        "Microsoft.Graph/appRoleAssignedTo",
    ]
    assert set(read.body("userReadAll")) == {"principalId", "resourceId", "appRoleId"}
    assert read.body("userReadAll")["appRoleId"] == USER_READ_ALL


MUTATIONS = {
    "a misspelt key": ("allowInsecure:", "allowInsecures:", ".allowInsecures is not known"),
    "a key of Kubernetes": ("          probes: [", "          readinessProbe: [", ".readinessProbe is not known"),
    "the old name of the environment": ("environmentId:", "environmentID:", ".environmentID is not known"),
    "a parameter of another type": ("external: external", "external: name", ".external is string"),
    "a word that is none": ("'Consumption'\n        workloadProfileType", "'Consumption'\n        profileType", ".profileType is not known"),
    "another branch": ("internal: internalEnvironment", "isInternal: internalEnvironment", ".isInternal is not known"),
    "an item that is added": ("lifecycle: 'None'", "lifecycle: 'Never'", ".lifecycle is 'Never'"),
    "a version that is not known": ("containerApps@2025-01-01", "containerApps@2099-01-01", "is of 2099-01-01"),
    "no place": ("  name: name\n  location: location\n  tags: tags\n  identity:", "  name: name\n  tags: tags\n  identity:", "app.location is missing"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_is_noticed(mutation):
    old, new, words = MUTATIONS[mutation]
    assert text("main.bicep").count(old) >= 1
    found = faults(Template(text("main.bicep").replace(old, new)))
    assert words in "\n".join(found)


def test_a_name_that_is_not_declared_is_noticed():
    assert Template(text("main.bicep").replace("targetPort: 8080", "targetPort: port")).undeclared() == ["port"]
