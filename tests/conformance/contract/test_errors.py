"""Errors are problems, each with what its code promises."""

import pytest
from mi_gateway_client import Client
from mi_gateway_client.api.directory import list_users
from mi_gateway_client.api.vms import (
    deallocate_vm,
    get_operation,
    get_vm,
    list_vms,
    start_vm,
    update_vm,
)
from mi_gateway_client.models import (
    Candidate,
    Operation,
    PowerState,
    ProblemCode,
    ProblemUpstream,
    ProblemUpstreamService,
    VmChange,
)
from mi_gateway_client.types import Unset

from answers import parsed, problem
from test_power import PATIENTLY, bring


@pytest.mark.job("errors.not-found", "404 for a machine that is not there")
def test_a_missing_machine_is_not_found(api: Client) -> None:
    answer = get_vm.sync_detailed("web-99", client=api, x_request_id="contract-404")
    it = problem(answer, 404, ProblemCode.NOT_FOUND)
    assert (it.instance, it.request_id) == ("/vms/web-99", "contract-404")


@pytest.mark.job("errors.not-found-operation", "404 for an operation that never was")
def test_a_missing_operation_is_not_found(api: Client) -> None:
    answer = get_operation.sync_detailed("web-01.start.nonsense", client=api)
    problem(answer, 404, ProblemCode.NOT_FOUND)


@pytest.mark.job("errors.conflict", "409 names the operation that is in the way")
def test_a_conflict_names_what_is_in_the_way(api: Client) -> None:
    bring(api, "web-08", PowerState.RUNNING)
    first = deallocate_vm.sync_detailed("web-08", client=api)
    under_way = parsed(first, Operation, 202)
    it = problem(start_vm.sync_detailed("web-08", client=api), 409, ProblemCode.CONFLICT)
    assert it.operation == f"/operations/{under_way.id}"
    get_operation.sync_detailed(under_way.id, client=api, prefer=PATIENTLY)


@pytest.mark.job(
    "errors.ambiguous", "409 has the candidates for a name that is there twice"
)
def test_an_ambiguous_name_has_its_candidates(api: Client) -> None:
    answer = get_vm.sync_detailed("shared-01", client=api)
    it = problem(answer, 409, ProblemCode.AMBIGUOUS)
    assert not isinstance(it.candidates, Unset)
    assert {type(one) for one in it.candidates} == {Candidate}
    groups = [one.resource_group for one in it.candidates]
    assert len(groups) == 2
    for group in groups:
        narrowed = get_vm.sync_detailed("shared-01", client=api, resource_group=group)
        assert narrowed.status_code == 200


@pytest.mark.job("errors.invalid", "400 says what would be right")
def test_what_is_not_documented_is_refused(api: Client) -> None:
    for answer in (
        list_vms.sync_detailed(client=api, top=0),
        list_vms.sync_detailed(client=api, cursor="bm9uZQ"),
        list_users.sync_detailed(client=api, department=["R&D"], select="password"),
        deallocate_vm.sync_detailed("web-01", client=api, hibernate=True, force=True),
        update_vm.sync_detailed("web-01", client=api, body=VmChange()),
    ):
        assert problem(answer, 400, ProblemCode.INVALID_REQUEST).detail


@pytest.mark.job("errors.precondition", "412 for a version that is not there any more")
def test_an_old_version_is_refused(api: Client) -> None:
    answer = update_vm.sync_detailed(
        "web-01", client=api, body=VmChange(size="Standard_B2s"), if_match='"none"'
    )
    it = problem(answer, 412, ProblemCode.PRECONDITION_FAILED)
    assert isinstance(it.upstream, ProblemUpstream)
    assert it.upstream.service is ProblemUpstreamService.ARM
    assert it.upstream.status == 412


@pytest.mark.job("errors.protected", "403 for a machine that something else manages")
def test_a_managed_machine_is_left_alone(api: Client) -> None:
    answer = deallocate_vm.sync_detailed("managed-01", client=api)
    problem(answer, 403, ProblemCode.PROTECTED)
