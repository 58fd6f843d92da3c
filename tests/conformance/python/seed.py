"""What the sandbox holds at its start, told anew from its rules: the jobs compare
with this, and not with what the sandbox says."""

import re
import uuid
from dataclasses import dataclass

TENANT = "7b31ddc4-0000-4000-8000-5a4d0bca1a11"
SUBSCRIPTION = "5ab1e000-0000-4000-8000-000000000001"
FLEET_SUBSCRIPTION = "f1ee7000-0000-4000-8000-000000000001"

# Departments in the order of their users, and how many each has.
DEPARTMENTS = {
    "Seinfeld": 26,
    "Kramer's Ideas": 17,
    "R&D": 310,
    "C++ Guild": 41,
    "100% Cotton": 9,
    "Team #1": 12,
    "Küche & Café": 23,
    "Import/Export": 58,
}

# Group and name of the machines of the first subscription.
MACHINES = [
    *[("rg-web", f"web-{number:02}") for number in range(1, 13)],
    *[("rg-db", f"db-{number:02}") for number in range(1, 9)],
    *[("RG_Batch.(1)", f"batch-{number:02}") for number in range(1, 17)],
    ("rg-web", "shared-01"),
    ("rg-db", "shared-01"),
    ("rg-web", "gateway-01"),
    ("rg-web", "hiber-01"),
    ("rg-web", "managed-01"),
    ("rg-web", "flex-01"),
    ("MC_rg-aks_aks1_westeurope", "aks-nodepool1-12345678-0"),
]


def _fnv1a(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return value


def guid(text: str) -> str:
    """The GUID that belongs to `text`."""
    number = _fnv1a(text) << 64 | _fnv1a(f"{text}/low")
    return str(uuid.UUID(int=number, version=4))


@dataclass(frozen=True)
class Identity:
    """A managed identity; the same name has the same ids."""

    name: str

    @property
    def client_id(self) -> str:
        return guid(f"client/{self.name}")

    @property
    def object_id(self) -> str:
        return guid(f"object/{self.name}")

    @property
    def resource_id(self) -> str:
        return (
            f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-identity/providers/"
            f"Microsoft.ManagedIdentity/userAssignedIdentities/{self.name}"
        )


    def is_of(self, resource_id: str) -> bool:
        """Whether `resource_id` is the identity's; the host's own has that of the host."""
        if self.name != "system":
            return resource_id == self.resource_id
        host = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-web/providers/"
        own = rf"{host}(?!Microsoft\.ManagedIdentity/).+/gateway-01"
        return re.fullmatch(own, resource_id) is not None


SYSTEM = Identity("system")
GATEWAY = Identity("mi-gateway")


def machine_id(group: str, name: str, subscription: str = SUBSCRIPTION) -> str:
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute"
        f"/virtualMachines/{name}"
    )


def user_ids(department: str) -> list[str]:
    """The ids of the users of `department`, in the order in which they are listed."""
    before = 0
    for name, size in DEPARTMENTS.items():
        if name == department:
            return [guid(f"user/{number}") for number in range(before, before + size)]
        before += size
    raise KeyError(department)
