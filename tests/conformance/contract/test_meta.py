"""The gateway tells of itself, on both listeners."""

import pytest
from mi_gateway_client import Client
from mi_gateway_client.api.meta import (
    get_contract,
    get_identity,
    get_liveness,
    get_metrics,
    get_readiness,
)
from mi_gateway_client.models import (
    CheckOutcome,
    HeldTokenState,
    Identity,
    IdentityHolder,
    IdentityIdKind,
    Liveness,
    Readiness,
    ReadinessCheckName,
    ReadinessStatus,
)

from answers import parsed
from gateway import ROOT


@pytest.mark.job(
    "meta.identity", "which managed identity it is, and how its tokens stand"
)
def test_the_identity_is_told(api: Client) -> None:
    identity = parsed(get_identity.sync_detailed(client=api), Identity)
    assert identity.source == "app_service"
    assert identity.id.kind is IdentityIdKind.CLIENT_ID
    assert isinstance(identity.holder, IdentityHolder)
    assert str(identity.holder.client_id) == identity.id.value
    assert {token.state for token in identity.tokens} == {HeldTokenState.FRESH}


@pytest.mark.job("meta.contract", "the contract itself, byte for byte")
def test_the_contract_is_served(api: Client) -> None:
    answer = get_contract.sync_detailed(client=api)
    assert answer.status_code == 200
    assert answer.content == (ROOT / "openapi.yaml").read_bytes()


@pytest.mark.job("admin.livez", "liveness, on the admin listener")
def test_it_is_alive(admin: Client) -> None:
    assert parsed(get_liveness.sync_detailed(client=admin), Liveness).status == "ok"


@pytest.mark.job("admin.readyz", "readiness with its checks, on the admin listener")
def test_it_is_ready(admin: Client) -> None:
    readiness = parsed(get_readiness.sync_detailed(client=admin), Readiness)
    assert readiness.status is ReadinessStatus.READY
    outcomes = {check.name: check.code for check in readiness.checks}
    assert outcomes[ReadinessCheckName.TOKENARM] is CheckOutcome.FINE
    assert outcomes[ReadinessCheckName.TOKENGRAPH] is CheckOutcome.FINE


@pytest.mark.job("admin.metrics", "metrics, on the admin listener")
def test_metrics_are_text(admin: Client) -> None:
    text = parsed(get_metrics.sync_detailed(client=admin), str)
    assert "\nmi_gateway_http_requests_total{" in text
