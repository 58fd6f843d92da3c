"""Machines: ordered about and changed."""

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError
from azure.mgmt.compute.models import HardwareProfile, VirtualMachineUpdate

from compute import POLLING, at_rest, client, statuses
from seed import SUBSCRIPTION
from wire import Wire


def job(name):
    return pytest.mark.job(f"machines.{name}", "azure-mgmt-compute")


class Order:
    """An order to one machine, followed to its end."""

    def __init__(self, start, group="rg-web", name="web-01"):
        self.azure = start("container-app", "--operation-takes", "450ms")
        self.machines = client().virtual_machines
        self.group, self.name = group, name

    def is_carried_out(self, action, during, after, at_last=(), **options):
        """`action` shows the power state `during` on its way to `after`, and
        `at_last` is what the statuses have beside it."""
        wire = Wire()
        begin = getattr(self.machines, f"begin_{action}")
        poller = begin(self.group, self.name, raw_response_hook=wire, **options, **POLLING)
        assert self.power_state() == during
        assert not poller.done()
        assert poller.status() == "InProgress"

        assert poller.result() is None
        assert poller.status() == "Succeeded"
        assert self.power_state() == after
        view = self.machines.instance_view(self.group, self.name)
        assert statuses(view) == [*at_rest(after), *at_last]
        self.went_by_the_operation(wire)

    def power_state(self):
        return self.azure.power_state(self.group, self.name, SUBSCRIPTION)

    def went_by_the_operation(self, wire):
        """Accepted, polled at `Azure-AsyncOperation`, fetched from `Location`."""
        accepted, *polls, result = wire.responses
        assert accepted.status_code == 202
        assert accepted.request.method == "POST"
        status, location = (accepted.headers[it] for it in ("Azure-AsyncOperation", "Location"))
        assert status.startswith("https://management.azure.com/subscriptions/")
        assert [poll.request.url for poll in polls] == [status] * len(polls)
        states = [poll.json()["status"] for poll in polls]
        assert len(states) > 2
        assert states == ["InProgress"] * (len(polls) - 1) + ["Succeeded"]
        assert result.request.url == location
        assert result.status_code == 200


@job("deallocate")
def test_deallocate(start):
    Order(start).is_carried_out("deallocate", "deallocating", "deallocated")


@job("hibernate")
def test_hibernate(start):
    hibernated = ("HibernationState/Hibernated", "Info", "VM hibernated")
    order = Order(start, name="hiber-01")
    order.is_carried_out(
        "deallocate", "deallocating", "deallocated", at_last=[hibernated], hibernate=True
    )


@job("start")
def test_start(start):
    order = Order(start)
    order.is_carried_out("deallocate", "deallocating", "deallocated")
    order.is_carried_out("start", "starting", "running")


@job("restart")
def test_restart(start):
    Order(start).is_carried_out("restart", "running", "running")


@job("power-off")
def test_power_off(start):
    order = Order(start)
    order.is_carried_out("power_off", "stopping", "stopped", skip_shutdown=False)
    order.is_carried_out("start", "starting", "running")
    order.is_carried_out("power_off", "stopping", "stopped", skip_shutdown=True)


@job("redeploy")
def test_redeploy(start):
    Order(start).is_carried_out("redeploy", "starting", "running")


@job("reapply")
def test_reapply(start):
    Order(start).is_carried_out("reapply", "running", "running")


@job("tag")
def test_tag(start):
    start()
    machines = client().virtual_machines
    before = machines.get("rg-web", "web-02")
    tags = {"owner": "Küche & Café", "paid": ""}
    since_seen = {"etag": before.etag, "match_condition": MatchConditions.IfNotModified}

    update = VirtualMachineUpdate(tags=tags)
    changed = machines.begin_update("rg-web", "web-02", update, **since_seen, **POLLING).result()

    assert changed.tags == tags
    assert changed.id == before.id
    assert changed.etag != before.etag
    assert machines.get("rg-web", "web-02").tags == tags
    with pytest.raises(ResourceModifiedError) as refusal:
        machines.begin_update("rg-web", "web-02", update, **since_seen, **POLLING)
    assert refusal.value.error.code == "PreconditionFailed"


@job("resize")
def test_resize(start):
    start("container-app", "--operation-takes", "450ms")
    machines, wire = client().virtual_machines, Wire()
    update = VirtualMachineUpdate(hardware_profile=HardwareProfile(vm_size="Standard_D4s_v5"))

    poller = machines.begin_update("rg-web", "web-03", update, raw_response_hook=wire, **POLLING)
    assert machines.get("rg-web", "web-03").provisioning_state == "Updating"
    changed = poller.result()

    assert changed.hardware_profile.vm_size == "Standard_D4s_v5"
    assert changed.provisioning_state == "Succeeded"
    assert changed.tags == {"owner": "team-rg-web", "env": "test"}
    assert machines.get("rg-web", "web-03").hardware_profile.vm_size == "Standard_D4s_v5"
    accepted, *polls, result = wire.responses
    assert accepted.status_code == 200
    status = accepted.headers["Azure-AsyncOperation"]
    assert [poll.request.url for poll in polls] == [status] * len(polls)
    assert len(polls) > 2
    assert result.request.url == accepted.request.url
