"""Permissions: what is allowed at a scope."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ManagedIdentityCredential
from azure.mgmt.authorization import AuthorizationManagementClient

from seed import SUBSCRIPTION, machine_id

COMPUTE = "Microsoft.Compute/virtualMachines"
EVERYWHERE = {"scope": "/", "actions": [f"{COMPUTE}/read", f"{COMPUTE}/*/read"]}
OF_GROUP = {
    "scope": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web",
    "actions": [f"{COMPUTE}/start/action"],
}
OF_MACHINE = {
    "scope": machine_id("rg-web", "web-01"),
    "actions": [f"{COMPUTE}/deallocate/action"],
}


def job(name):
    return pytest.mark.job(f"permissions.{name}", "azure-mgmt-authorization")


def permissions():
    return AuthorizationManagementClient(ManagedIdentityCredential(), SUBSCRIPTION).permissions


def assert_allowed(found, *assignments):
    found = list(found)
    assert [it.actions for it in found] == [it["actions"] for it in assignments]
    for it in found:
        assert (it.not_actions, it.data_actions, it.not_data_actions) == ([], [], [])


@job("group")
def test_group(start):
    azure = start()
    azure.put("roles", [EVERYWHERE, OF_GROUP, OF_MACHINE])

    assert_allowed(permissions().list_for_resource_group("rg-web"), EVERYWHERE, OF_GROUP)
    assert_allowed(permissions().list_for_resource_group("rg-db"), EVERYWHERE)

    azure.put("roles", [OF_GROUP])
    with pytest.raises(HttpResponseError) as refusal:
        list(permissions().list_for_resource_group("rg-db"))
    assert refusal.value.status_code == 403
    assert refusal.value.error.code == "AuthorizationFailed"
    action = "'Microsoft.Authorization/permissions/read'"
    assert f"to perform action {action} over scope" in refusal.value.error.message


@job("machine")
def test_machine(start):
    azure = start()
    azure.put("roles", [EVERYWHERE, OF_GROUP, OF_MACHINE])

    def of(name):
        # A machine has no parent: the client leaves two slashes in its place.
        return permissions().list_for_resource(
            "rg-web", "Microsoft.Compute", "", "virtualMachines", name
        )

    assert_allowed(of("web-01"), EVERYWHERE, OF_GROUP, OF_MACHINE)
    assert_allowed(of("web-02"), EVERYWHERE, OF_GROUP)
