"""Errors of Resource Manager, as the client's own exceptions tell them."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.compute.models import VirtualMachineUpdate

from compute import POLLING, client
from seed import SUBSCRIPTION, SYSTEM, machine_id
from wire import Wire


def job(name):
    return pytest.mark.job(f"errors.arm.{name}", "azure-mgmt-compute")


def assert_refused(refusal, status, code):
    """The client reads errors with an envelope and without: all but Compute's 429
    have one."""
    assert refusal.status_code == status
    assert refusal.error.code == code
    assert refusal.response.json()["error"]["code"] == code


@job("forbidden")
def test_forbidden(start):
    azure = start()
    read = "Microsoft.Compute/virtualMachines/read"
    azure.put("roles", [{"scope": "/", "actions": [read]}])
    machines = client().virtual_machines
    assert machines.get("rg-web", "web-01").name == "web-01"

    with pytest.raises(HttpResponseError) as refusal:
        machines.begin_deallocate("rg-web", "web-01", **POLLING)

    assert_refused(refusal.value, 403, "AuthorizationFailed")
    assert refusal.value.reason == "Forbidden"
    assert refusal.value.error.message == (
        f"The client '{SYSTEM.client_id}' with object id '{SYSTEM.object_id}' does not have "
        "authorization to perform action 'Microsoft.Compute/virtualMachines/deallocate/action' "
        f"over scope '{machine_id('rg-web', 'web-01')}' or the scope is invalid. If access was "
        "recently granted, please refresh your credentials."
    )
    assert azure.power_state("rg-web", "web-01", SUBSCRIPTION) == "running"


@job("not-found")
def test_not_found(start):
    start()
    machines = client().virtual_machines

    with pytest.raises(ResourceNotFoundError) as refusal:
        machines.get("rg-web", "web-99")
    assert_refused(refusal.value, 404, "ResourceNotFound")
    named = "'Microsoft.Compute/virtualMachines/web-99' under resource group 'rg-web' was not found"
    assert named in refusal.value.error.message

    with pytest.raises(ResourceNotFoundError) as refusal:
        machines.begin_start("rg-nowhere", "web-01", **POLLING)
    assert_refused(refusal.value, 404, "ResourceGroupNotFound")


@job("conflict")
def test_conflict(start):
    azure = start()

    with pytest.raises(ResourceExistsError) as refusal:
        client().virtual_machines.begin_deallocate("rg-web", "web-01", hibernate=True, **POLLING)

    assert_refused(refusal.value, 409, "OperationNotAllowed")
    assert "VM that is enabled for hibernation" in refusal.value.error.message
    assert azure.power_state("rg-web", "web-01", SUBSCRIPTION) == "running"


@job("failed-operation")
def test_failed_operation(start):
    azure = start("container-app", "--operation-takes", "300ms")
    machines = client().virtual_machines
    machines.begin_deallocate("rg-web", "web-01", **POLLING).result()
    message = "Allocation failed. We do not have sufficient capacity."
    azure.post("operations/fail", {"code": "AllocationFailed", "message": message})

    poller = machines.begin_start("rg-web", "web-01", **POLLING)
    with pytest.raises(HttpResponseError) as failure:
        poller.result()

    assert poller.status() == "Failed"
    assert failure.value.error.code == "AllocationFailed"
    assert failure.value.error.message == message
    assert azure.power_state("rg-web", "web-01", SUBSCRIPTION) == "deallocated"
    [failed, power] = machines.instance_view("rg-web", "web-01").statuses
    assert failed.code == "ProvisioningState/failed/AllocationFailed"
    assert (failed.level, failed.message) == ("Error", message)
    assert power.code == "PowerState/deallocated"


@job("preempted-operation")
def test_preempted_operation(start):
    azure = start("container-app", "--operation-takes", "1s")

    poller = client().virtual_machines.begin_deallocate("rg-web", "web-01", **POLLING)
    assert azure.power_state("rg-web", "web-01", SUBSCRIPTION) == "deallocating"
    azure.post("vms/order", {"resourceGroup": "rg-web", "name": "web-01", "action": "start"})
    with pytest.raises(HttpResponseError) as failure:
        poller.result()

    assert failure.value.error.code == "OperationPreempted"
    assert failure.value.error.message == (
        "Operation execution has been preempted by a more recent operation."
    )
    assert azure.power_state("rg-web", "web-01", SUBSCRIPTION) == "starting"


@job("throttled-compute")
def test_throttled_by_compute(start):
    azure = start("container-app", "--operation-takes", "200ms")
    machines, wire = client().virtual_machines, Wire()
    azure.fault("actions", {"throttleSeconds": 1}, times=2)

    began = time.monotonic()
    poller = machines.begin_deallocate("rg-web", "web-01", raw_response_hook=wire, **POLLING)
    assert poller.result() is None

    assert time.monotonic() - began >= 2
    assert wire.statuses[:4] == [429, 429, 202, 200]
    assert [it.headers["Retry-After"] for it in wire.responses[:2]] == ["1", "1"]
    assert azure.power_state("rg-web", "web-01", SUBSCRIPTION) == "deallocated"

    # Twelve updates of one machine are its bucket; the thirteenth is not retried here.
    update, left = VirtualMachineUpdate(tags={}), []
    for _ in range(12):
        machines.begin_update("rg-web", "web-02", update, raw_response_hook=wire, **POLLING)
        left.append(wire.responses[-1].headers["x-ms-ratelimit-remaining-resource"])
    assert left[0].endswith("Microsoft.Compute/UpdateVMResource;11")
    assert left[11].endswith("Microsoft.Compute/UpdateVMResource;0")
    with pytest.raises(HttpResponseError) as refusal:
        machines.begin_update("rg-web", "web-02", update, retry_total=0, **POLLING)
    assert refusal.value.status_code == 429
    assert refusal.value.error.code == "OperationNotAllowed"
    assert refusal.value.response.json()["code"] == "OperationNotAllowed"
    assert refusal.value.error.message == (
        "The server rejected the request because too many requests have been received for this "
        "subscription."
    )
    [detail] = refusal.value.error.details
    assert (detail.code, detail.target) == ("TooManyRequests", "UpdateVM")
    assert '"allowedRequestCount":4' in detail.message
    # Buckets are filled once a minute.
    assert 0 < int(refusal.value.response.headers["Retry-After"]) <= 60


@job("throttled-subscription")
def test_throttled_by_resource_manager(start):
    azure = start()
    # It counts what it does not find as well, and Compute does not.
    machines = client().virtual_machines

    def spend(_):
        try:
            machines.begin_start("rg-web", "web-99", retry_total=0)
        except ResourceNotFoundError:
            return None
        except HttpResponseError as refusal:
            return refusal

    with ThreadPoolExecutor(8) as pool:
        refusals = [it for it in pool.map(spend, range(280)) if it]

    # 200 at first, and ten more each second.
    assert refusals
    real = refusals[0]
    assert_refused(real, 429, "SubscriptionRequestsThrottled")
    operation = (
        "POST/SUBSCRIPTIONS/RESOURCEGROUPS/PROVIDERS/MICROSOFT.COMPUTE/VIRTUALMACHINES/START"
    )
    assert real.error.message == (
        f"Number of requests for subscription '{SUBSCRIPTION}' and operation '{operation}' "
        "exceeded the backend storage limit. Please try again after '1' seconds."
    )
    assert real.response.headers["Retry-After"] == "1"
    assert real.response.headers["x-ms-ratelimit-remaining-subscription-writes"] == "0"

    # The same answer for good: three tries, a second apart, and then the error.
    body, wire = real.response.json(), Wire()
    answer = {"status": 429, "headers": [["retry-after", "1"]], "body": body}
    azure.fault("actions", {"answer": answer})
    began = time.monotonic()
    with pytest.raises(HttpResponseError) as refusal:
        machines.begin_start("rg-web", "web-01", retry_total=2, raw_response_hook=wire)
    assert time.monotonic() - began >= 2
    assert wire.statuses == [429] * 3
    assert_refused(refusal.value, 429, "SubscriptionRequestsThrottled")
    assert refusal.value.error.message == real.error.message


@job("wrong-version")
def test_wrong_version(start):
    start()

    with pytest.raises(HttpResponseError) as refusal:
        client().virtual_machines.get("rg-web", "web-01", api_version="2018-02-30")

    assert_refused(refusal.value, 400, "NoRegisteredProviderFound")
    expected = "No registered resource provider found for API version '2018-02-30' for type"
    assert refusal.value.error.message.startswith(expected)
