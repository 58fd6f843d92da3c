"""Every order, from its acceptance to its end."""

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from mi_gateway_client import Client
from mi_gateway_client.api.vms import (
    deallocate_vm,
    get_operation,
    get_vm,
    power_off_vm,
    reapply_vm,
    redeploy_vm,
    restart_vm,
    start_vm,
    update_vm,
)
from mi_gateway_client.models import (
    Operation,
    OperationAction,
    OperationStatus,
    PowerState,
    VirtualMachine,
    VmChange,
    VmChangeTags,
)
from mi_gateway_client.types import UNSET, Unset

from answers import Answer, parsed

# Longer than any operation of the local Azure; only a fault runs into it.
PATIENCE_SECONDS = 30.0
PATIENTLY = f"wait={PATIENCE_SECONDS:.0f}"


def shown(client: Client, name: str) -> VirtualMachine:
    return parsed(get_vm.sync_detailed(name, client=client), VirtualMachine)


def bring(client: Client, name: str, state: PowerState) -> None:
    """Brings a machine into a state, if it is in another one."""
    order: Callable[..., Answer] = (
        start_vm.sync_detailed
        if state is PowerState.RUNNING
        else deallocate_vm.sync_detailed
    )
    ended(order(name, client=client, prefer=PATIENTLY))
    assert shown(client, name).power_state is state


def ended(answer: Answer) -> Operation:
    """The operation of an answer that was waited for."""
    operation = parsed(answer, Operation)
    assert operation.status is OperationStatus.SUCCEEDED, operation
    assert not isinstance(operation.ended_at, Unset)
    assert operation.error is UNSET
    return operation


def followed(client: Client, answer: Answer) -> Operation:
    """The end of an operation that was accepted, by asking as `Retry-After` says."""
    operation = parsed(answer, Operation, 202)
    assert operation.status is OperationStatus.INPROGRESS
    assert operation.ended_at is UNSET
    assert answer.headers["location"] == f"/operations/{operation.id}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while operation.status is OperationStatus.INPROGRESS:
        assert time.monotonic() < deadline, operation
        time.sleep(int(answer.headers["retry-after"]))
        answer = get_operation.sync_detailed(operation.id, client=client)
        operation = parsed(answer, Operation)
    assert operation.status is OperationStatus.SUCCEEDED, operation
    return operation


def job(order: ModuleType, action: OperationAction, title: str) -> Any:
    mark = pytest.mark.job(f"power.{action.value}", f"{title}, followed to its end")
    return pytest.param(order, action, marks=mark, id=action.value)


@pytest.mark.parametrize(
    ("order", "action"),
    [
        job(deallocate_vm, OperationAction.DEALLOCATE, "a machine is deallocated"),
        job(start_vm, OperationAction.START, "a machine is started"),
        job(restart_vm, OperationAction.RESTART, "a machine is restarted"),
        job(power_off_vm, OperationAction.POWEROFF, "a machine is stopped"),
        job(redeploy_vm, OperationAction.REDEPLOY, "a machine is moved"),
        job(reapply_vm, OperationAction.REAPPLY, "a machine's model is applied"),
    ],
)
def test_an_order_is_followed_to_its_end(
    api: Client, order: ModuleType, action: OperationAction
) -> None:
    name = "web-05"
    was = (
        PowerState.DEALLOCATED if action is OperationAction.START else PowerState.RUNNING
    )
    becomes = {
        OperationAction.DEALLOCATE: PowerState.DEALLOCATED,
        OperationAction.POWEROFF: PowerState.STOPPED,
    }.get(action, PowerState.RUNNING)
    bring(api, name, was)
    operation = followed(api, order.sync_detailed(name, client=api))
    assert operation.action is action
    assert operation.vm.name == name
    assert shown(api, name).power_state is becomes


@pytest.mark.job(
    "power.hibernate", "a machine hibernates, in one answer that is waited for"
)
def test_hibernation_is_waited_for(api: Client) -> None:
    bring(api, "hiber-01", PowerState.RUNNING)
    answer = deallocate_vm.sync_detailed(
        "hiber-01", client=api, hibernate=True, prefer=PATIENTLY
    )
    assert answer.headers["preference-applied"] == PATIENTLY
    assert ended(answer).action is OperationAction.HIBERNATE
    assert shown(api, "hiber-01").hibernated is True


@pytest.mark.job("power.update", "tags are changed if the machine is as it was read")
def test_tags_are_changed_by_etag(api: Client) -> None:
    read = get_vm.sync_detailed("web-06", client=api)
    tags = VmChangeTags.from_dict({"env": "test", "owner": "contract"})
    answer = update_vm.sync_detailed(
        "web-06",
        client=api,
        body=VmChange(tags=tags),
        if_match=read.headers["etag"],
        prefer=PATIENTLY,
    )
    assert ended(answer).action is OperationAction.UPDATE
    assert shown(api, "web-06").tags.to_dict() == tags.to_dict()


@pytest.mark.job("power.noop", "what is done already is left alone, and says so")
def test_nothing_to_do_is_told(api: Client) -> None:
    bring(api, "web-07", PowerState.DEALLOCATED)
    operation = ended(deallocate_vm.sync_detailed("web-07", client=api))
    assert operation.noop is True
    assert operation.message == "web-07 is deallocated already; nothing was sent to Azure"
