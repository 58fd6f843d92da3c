"""Errors of Graph, as the client's own exception tells them."""

import time

import pytest
from kiota_http.middleware.options import RetryHandlerOption
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.users.delta.delta_request_builder import DeltaRequestBuilder

from directory import Query, configuration, everybody, of, pages, run
from seed import SYSTEM, TENANT, user_ids


def job(name):
    return pytest.mark.job(f"errors.graph.{name}", "msgraph-sdk")


def refusal_of(coroutine) -> ODataError:
    with pytest.raises(ODataError) as refusal:
        run(coroutine)
    inner = refusal.value.error.inner_error
    # What support asks for.
    assert inner.request_id == refusal.value.response_headers["request-id"]
    assert inner.client_request_id == refusal.value.response_headers["client-request-id"]
    return refusal.value


def assert_refused(refusal, status, code, message):
    assert refusal.response_status_code == status
    assert refusal.error.code == code
    assert refusal.error.message == message
    assert refusal.primary_message == message


async def first_page(graph, options=()):
    asked = configuration(Query(filter=of("Team #1"), top=5))
    asked.options = list(options)
    return await graph.users.get(asked)


@job("forbidden")
def test_forbidden(start):
    azure = start()
    azure.put("graph/roles", {"appRoles": "none"})

    refusal = refusal_of(first_page)

    message = "Insufficient privileges to complete the operation."
    assert_refused(refusal, 403, "Authorization_RequestDenied", message)


@job("throttled")
def test_throttled(start):
    # Each of these requests costs one, and two come back each second.
    azure = start("container-app", "--graph-units", "20")

    async def list_until_throttled(graph):
        for calls in range(1, 50):
            began = time.monotonic()
            page = await first_page(graph)
            if len(azure.requests("graph")) > calls:
                return page, calls, time.monotonic() - began
        raise AssertionError("nobody was throttled")

    page, calls, waited = run(list_until_throttled)

    assert [user.id for user in page.value] == user_ids("Team #1")[:5]
    assert len(azure.requests("graph")) == calls + 1
    # Without being told how long the client would wait for more than three.
    assert 1 <= waited < 3


@job("throttled-out")
def test_throttled_out(start):
    azure = start("container-app", "--graph-units", "1")
    once = [RetryHandlerOption(should_retry=False)]

    async def list_twice(graph):
        await first_page(graph)
        return await first_page(graph, once)

    real = refusal_of(list_twice)
    assert_refused(real, 429, "TooManyRequests", "Too many requests")
    assert 10 <= int(real.response_headers["retry-after"]) <= 20
    scope = f"Tenant_Application/ReadWrite/{SYSTEM.client_id}/{TENANT}"
    assert real.response_headers["x-ms-throttle-scope"] == scope
    assert real.response_headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert len(azure.requests("graph")) == 2

    azure.fault("graph", {"throttleSeconds": 1})
    began = time.monotonic()
    refusal = refusal_of(first_page)

    # Three more tries are the client's own default.
    assert time.monotonic() - began >= 3
    assert len(azure.requests("graph")) == 2 + 4
    assert_refused(refusal, 429, "TooManyRequests", "Too many requests")
    assert refusal.response_headers["retry-after"] == "1"


@job("expired-page")
def test_expired_page(start):
    azure = start()

    async def list_slowly(graph):
        first = await first_page(graph)
        azure.post("pages/expire")
        return await everybody(pages(graph, first))

    refusal = refusal_of(list_slowly)

    message = (
        "The specified page token value has expired and can no longer be included in your request."
    )
    assert_refused(refusal, 400, "Directory_ExpiredPageToken", message)


@job("bad-filter")
def test_bad_filter(start):
    start()

    def listed_by(filter):
        return lambda graph: graph.users.get(configuration(Query(filter=filter)))

    # What is left of `R&D` where an ampersand is not encoded.
    message = (
        "Invalid filter clause: There is an unterminated string literal at position 16 in "
        "'department eq 'R'."
    )
    assert_refused(refusal_of(listed_by("department eq 'R")), 400, "BadRequest", message)

    message = "Unsupported property filter clause operator 'NotEqualsMatch'."
    refusal = refusal_of(listed_by("department ne 'R&D'"))
    assert_refused(refusal, 400, "Request_UnsupportedQuery", message)


@job("lost-delta")
def test_lost_delta(start):
    azure = start("container-app", "--users", "20")

    async def follow(graph):
        query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(select=["displayName"])
        first = await graph.users.delta.get(configuration(query))
        azure.post("delta/forget")
        return await graph.users.delta.with_url(first.odata_delta_link).get()

    refusal = refusal_of(follow)

    assert_refused(refusal, 410, "resyncRequired", "Resync required.")
    # Where to begin anew.
    location = refusal.response_headers["location"]
    assert location == (
        "https://graph.microsoft.com/v1.0/users/delta?$select=displayName&$deltatoken="
    )
