"""Clients of Resource Manager."""

from azure.identity import ManagedIdentityCredential
from azure.mgmt.compute import ComputeManagementClient

from seed import SUBSCRIPTION

# Ten polls a second: operations here take some tenths of one, and not minutes.
POLLING = {"polling_interval": 0.1}


def client(subscription: str = SUBSCRIPTION, **options) -> ComputeManagementClient:
    """The system-assigned identity's, with the client's own defaults."""
    return ComputeManagementClient(ManagedIdentityCredential(), subscription, **options)


def statuses(view) -> list[tuple]:
    return [(it.code, it.level, it.display_status) for it in view.statuses]


def at_rest(state: str) -> list[tuple]:
    """The statuses of a machine to which nothing is being done."""
    return [
        ("ProvisioningState/succeeded", "Info", "Provisioning succeeded"),
        (f"PowerState/{state}", "Info", f"VM {state}"),
    ]
