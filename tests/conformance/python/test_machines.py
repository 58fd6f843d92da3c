"""Machines: shown and listed."""

import datetime

import pytest

from compute import POLLING, at_rest, client, statuses
from seed import FLEET_SUBSCRIPTION, MACHINES, SUBSCRIPTION, guid, machine_id

CREATED = datetime.datetime(2026, 1, 5, 8, 0, tzinfo=datetime.timezone.utc)
PROVISIONED = datetime.datetime(2026, 1, 5, 8, 1, tzinfo=datetime.timezone.utc)
FLEET = [f"fleet-{number:05}" for number in range(1, 451)]


def job(name):
    return pytest.mark.job(f"machines.{name}", "azure-mgmt-compute")


def assert_model(machine, group, name, subscription=SUBSCRIPTION):
    """All that the client has a field for."""
    assert machine.name == name
    assert machine.type == "Microsoft.Compute/virtualMachines"
    assert machine.location == "westeurope"
    assert machine.tags == {"owner": f"team-{group.lower()}", "env": "test"}
    assert machine.zones is None
    assert machine.vm_id == guid(machine_id(group, name, subscription))
    assert machine.hardware_profile.vm_size == "Standard_B2s"
    assert machine.provisioning_state == "Succeeded"
    assert machine.time_created == CREATED
    assert machine.os_profile.computer_name == name
    assert machine.os_profile.admin_username == "azureuser"
    assert machine.storage_profile.os_disk.name == f"{name}_os"
    assert machine.storage_profile.os_disk.os_type == "Linux"
    assert machine.storage_profile.data_disks == []
    assert machine.network_profile.network_interfaces == []


@job("get")
def test_get(start):
    start()
    machines = client().virtual_machines

    plain = machines.get("rg-web", "web-01")
    assert plain.id == machine_id("rg-web", "web-01")
    assert plain.etag == '"5"'
    assert plain.instance_view is None
    assert_model(plain, "rg-web", "web-01")

    # Parentheses in a group's name, and another case than the resource's own.
    whole = machines.get("rg_batch.(1)", "BATCH-16", expand="instanceView")
    assert whole.id == machine_id("RG_Batch.(1)", "batch-16")
    assert_model(whole, "RG_Batch.(1)", "batch-16")
    assert statuses(whole.instance_view) == at_rest("running")

    hibernates = machines.get("rg-web", "hiber-01")
    assert hibernates.additional_capabilities.hibernation_enabled is True
    managed = machines.get("rg-web", "managed-01")
    assert managed.managed_by.endswith("/Microsoft.Solutions/applications/appliance")
    member = machines.get("rg-web", "flex-01")
    assert member.virtual_machine_scale_set.id.endswith("/virtualMachineScaleSets/flex")
    assert member.managed_by == member.virtual_machine_scale_set.id


@job("instance-view")
def test_instance_view(start):
    start("container-app", "--operation-takes", "100ms")
    machines = client().virtual_machines

    view = machines.instance_view("rg-db", "db-01")
    assert statuses(view) == at_rest("running")
    assert view.statuses[0].time == PROVISIONED
    assert view.statuses[1].time is None
    assert (view.computer_name, view.os_name, view.os_version) == ("db-01", "debian", "12")
    assert view.hyper_v_generation == "V2"
    assert [it.name for it in view.disks] == ["db-01_os"]
    assert view.disks[0].statuses[0].time == PROVISIONED
    assert view.vm_agent.vm_agent_version == "2.11.1.4"
    [ready] = view.vm_agent.statuses
    assert (ready.display_status, ready.message) == ("Ready", "Guest Agent is running")

    began = datetime.datetime.now(datetime.timezone.utc)
    machines.begin_deallocate("rg-db", "db-01", **POLLING).result()
    view = machines.instance_view("rg-db", "db-01")
    assert statuses(view) == at_rest("deallocated")
    assert began < view.statuses[0].time < datetime.datetime.now(datetime.timezone.utc)
    assert (view.computer_name, view.os_name, view.vm_agent) == (None, None, None)
    assert [it.name for it in view.disks] == ["db-01_os"]


@job("list")
def test_list(start):
    azure = start("container-app", "--fleet", "450")
    machines = client(FLEET_SUBSCRIPTION).virtual_machines

    pages = [list(page) for page in machines.list("rg-fleet").by_page()]

    assert [len(page) for page in pages] == [200, 200, 50]
    assert [it.name for page in pages for it in page] == FLEET
    for machine in pages[0] + pages[2]:
        assert machine.id == machine_id("rg-fleet", machine.name, FLEET_SUBSCRIPTION)
        assert_model(machine, "rg-fleet", machine.name, FLEET_SUBSCRIPTION)
        assert machine.instance_view is None
    assert len(azure.requests("virtualMachines")) == 3

    scale_set = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.Compute"
        "/virtualMachineScaleSets/flex"
    )
    filter = f"'virtualMachineScaleSet/id' eq '{scale_set}'"
    [member] = client().virtual_machines.list("rg-web", filter=filter, expand="instanceView")
    assert member.name == "flex-01"
    assert statuses(member.instance_view) == at_rest("running")


@job("list-all")
def test_list_all(start):
    azure = start("container-app", "--fleet", "450")

    pages = [
        list(page) for page in client(FLEET_SUBSCRIPTION).virtual_machines.list_all().by_page()
    ]
    assert [len(page) for page in pages] == [200, 200, 50]
    assert [it.name for page in pages for it in page] == FLEET
    for machine in pages[1]:
        # A list of all machines writes the group in capitals.
        assert machine.id == machine_id("RG-FLEET", machine.name, FLEET_SUBSCRIPTION)
        assert_model(machine, "rg-fleet", machine.name, FLEET_SUBSCRIPTION)
    assert len(azure.requests("virtualMachines")) == 3

    found = [it.id for it in client().virtual_machines.list_all()]
    assert found == [machine_id(group.upper(), name) for group, name in MACHINES]


@job("list-status-only")
def test_list_status_only(start):
    azure = start("container-app", "--fleet", "450")
    azure.post(
        "vms/order", {"resourceGroup": "rg-fleet", "name": "fleet-00250", "action": "shutdown"}
    )
    machines = client(FLEET_SUBSCRIPTION).virtual_machines

    pages = [list(page) for page in machines.list_all(status_only="true").by_page()]

    assert [len(page) for page in pages] == [200, 200, 50]
    found = [it for page in pages for it in page]
    assert [it.name for it in found] == FLEET
    for machine in found:
        state = "stopped" if machine.name == "fleet-00250" else "running"
        assert statuses(machine.instance_view) == at_rest(state)
        assert machine.provisioning_state == "Succeeded"
        assert machine.vm_id == guid(machine_id("rg-fleet", machine.name, FLEET_SUBSCRIPTION))
        assert machine.instance_view.disks is None
        nothing = (machine.hardware_profile, machine.os_profile, machine.storage_profile)
        assert (*nothing, machine.tags) == (None,) * 4
