"""Resource Graph: rows page by page, as objects and as a table, and a refusal."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.resourcegraph import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

from seed import MACHINES, SUBSCRIPTION, machine_id

TYPE = "microsoft.compute/virtualmachines"
POWER = "tostring(properties.extended.instanceView.powerState.code)"


def job(name):
    return pytest.mark.job(f"queries.{name}", "azure-mgmt-resourcegraph")


def ask(query, subscriptions=(SUBSCRIPTION,), **options):
    graph = ResourceGraphClient(ManagedIdentityCredential())
    request = QueryRequest(
        query=query,
        subscriptions=list(subscriptions),
        options=QueryRequestOptions(**options),
    )
    return graph.resources(request)


@job("pages")
def test_pages(start):
    azure = start()
    azure.post("vms/order", {"resourceGroup": "rg-db", "name": "db-02", "action": "shutdown"})
    query = (
        f"Resources | where type =~ '{TYPE}' | extend powerState = {POWER} "
        "| project id, name, resourceGroup, location, powerState, tags, properties"
    )

    pages, token = [], None
    while token or not pages:
        pages.append(ask(query, top=20, skip_token=token))
        token = pages[-1].skip_token

    assert [(it.count, it.total_records) for it in pages] == [(20, 43), (20, 43), (3, 43)]
    assert {it.result_truncated for it in pages} == {"false"}
    assert [it.facets for it in pages] == [[], [], []]
    rows = {row["id"]: row for page in pages for row in page.data}
    assert sum(len(page.data) for page in pages) == 43
    assert rows.keys() == {machine_id(group, name) for group, name in MACHINES}
    for group, name in MACHINES:
        row = rows[machine_id(group, name)]
        assert row["name"] == name
        assert row["resourceGroup"] == group.lower()
        assert row["location"] == "westeurope"
        stopped = (group, name) == ("rg-db", "db-02")
        assert row["powerState"] == f"PowerState/{'stopped' if stopped else 'running'}"
        assert row["tags"] == {"owner": f"team-{group.lower()}", "env": "test"}
        assert row["properties"]["hardwareProfile"] == {"vmSize": "Standard_B2s"}
    asked = [("POST", "/providers/Microsoft.ResourceGraph/resources")]
    assert azure.requests("resourceGraph") == asked * 3

    assert ask(f"Resources | where type =~ '{TYPE}'", subscriptions=()).total_records == 57


@job("table")
def test_table(start):
    start()

    found = ask(
        "Resources | where name == 'shared-01' | project name, resourceGroup, tags "
        "| order by resourceGroup asc",
        result_format="table",
    )
    assert (found.count, found.total_records) == (2, 2)
    assert found.skip_token is None
    assert found.data["columns"] == [
        {"name": "name", "type": "string"},
        {"name": "resourceGroup", "type": "string"},
        {"name": "tags", "type": "object"},
    ]
    assert found.data["rows"] == [
        ["shared-01", group, {"owner": f"team-{group}", "env": "test"}]
        for group in ("rg-db", "rg-web")
    ]

    counted = ask(f"Resources | where type =~ '{TYPE}' | count", result_format="table")
    assert counted.data == {"columns": [{"name": "Count", "type": "integer"}], "rows": [[43]]}


@job("refused")
def test_refused(start):
    start()

    with pytest.raises(HttpResponseError) as refusal:
        ask("Resources\n| where name === 'web-01'")

    assert refusal.value.status_code == 400
    assert refusal.value.error.code == "BadRequest"
    assert refusal.value.error.message.startswith("Please provide below info when asking for")
    invalid, stopped = refusal.value.model.error.details
    assert (invalid.code, invalid.message[:17]) == ("InvalidQuery", "Query is invalid.")
    assert (stopped.code, stopped.message) == ("ParserFailure", "ParserFailure")
    assert stopped.additional_properties["line"] == 2
    assert stopped.additional_properties["token"] == "="
