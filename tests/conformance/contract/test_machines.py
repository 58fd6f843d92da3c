"""Virtual machines are listed and shown."""

from collections.abc import Callable

import pytest
from mi_gateway_client import Client
from mi_gateway_client.api.vms import get_vm, list_vms
from mi_gateway_client.models import (
    PowerState,
    Problem,
    VirtualMachine,
    VirtualMachinePage,
)
from mi_gateway_client.types import UNSET, Unset

from answers import cursor, parsed


def pages(
    client: Client, top: int, power_state: PowerState | Unset = UNSET
) -> list[VirtualMachinePage]:
    """All pages, by the cursor of each one's `nextLink`."""
    found: list[VirtualMachinePage] = []
    place: str | Unset | None = UNSET
    while place is not None:
        answer = list_vms.sync_detailed(
            client=client, top=top, power_state=power_state, cursor=place
        )
        page = parsed(answer, VirtualMachinePage)
        assert len(page.value) <= top
        found.append(page)
        place = cursor(page.next_link)
    return found


def ids(found: list[VirtualMachinePage]) -> list[str]:
    return [machine.resource_id for page in found for machine in page.value]


@pytest.mark.job("vms.list-pages", "all virtual machines, page by page through nextLink")
def test_pages_together_are_the_whole_list(
    api: Client, detail: Callable[[str], None]
) -> None:
    paged, (whole,) = pages(api, top=7), pages(api, top=1000)
    assert len(paged) > 5
    assert ids(paged) == ids([whole])
    assert len(set(ids(paged))) == len(whole.value)
    detail(f"{len(whole.value)} virtual machines on {len(paged)} pages")


@pytest.mark.job("vms.list-by-state", "the running ones, and that they are billed")
def test_a_power_state_narrows_the_list(api: Client) -> None:
    running = pages(api, top=5, power_state=PowerState.RUNNING)
    machines = [machine for page in running for machine in page.value]
    assert len(running) > 1
    assert {machine.power_state for machine in machines} == {PowerState.RUNNING}
    assert {machine.billed for machine in machines} == {True}


@pytest.mark.job("vms.get", "one virtual machine, as its model")
def test_a_machine_has_its_types(api: Client) -> None:
    shown = get_vm.sync_detailed("WEB-01", client=api)
    machine = parsed(shown, VirtualMachine)
    assert (machine.name, machine.location) == ("web-01", "westeurope")
    assert isinstance(machine.power_state, PowerState)
    assert machine.tags["env"] == "test"
    assert machine.observed_at.tzinfo is not None
    assert shown.headers["etag"]


@pytest.mark.job(
    "vms.get-short", "one virtual machine, by the short form of the function"
)
def test_the_short_form_tells_machine_and_problem_apart(api: Client) -> None:
    assert isinstance(get_vm.sync("web-02", client=api), VirtualMachine)
    assert isinstance(get_vm.sync("web-99", client=api), Problem)
