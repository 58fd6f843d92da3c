"""Tokens: every host that hands them out, every id that it takes, and refusals."""

import base64
import json
import os
import time
from pathlib import Path

import msal
import msal.managed_identity
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CredentialUnavailableError,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from seed import GATEWAY, SYSTEM, TENANT, Identity, guid
from wire import Wire

ARM = "https://management.azure.com"
DAY = 24 * 60 * 60

IDS = {
    "client-id": {"client_id": GATEWAY.client_id},
    "object-id": {"object_id": GATEWAY.object_id},
    "resource-id": {"resource_id": GATEWAY.resource_id},
}


def job(name):
    return pytest.mark.job(f"tokens.{name}", "azure-identity")


def by_id(host):
    """A job for each kind of id."""
    cases = [
        pytest.param(config, marks=job(f"{host}.{kind}"), id=f"tokens.{host}.{kind}")
        for kind, config in IDS.items()
    ]
    return pytest.mark.parametrize("config", cases)


def claims(token: str) -> dict:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def assert_written_as_text(wire: Wire) -> None:
    """The clients read numbers from text and from numbers; hosts write text."""
    body = wire.responses[-1].json()
    assert {name for name, value in body.items() if not isinstance(value, str)} == set()


def assert_token_of(identity: Identity, credential, azure) -> None:
    """A token of `identity` for Resource Manager, that is asked for once."""
    began = int(time.time())
    token = credential.get_token_info(f"{ARM}/.default")

    assert token.token_type == "Bearer"
    said = claims(token.token)
    assert said["aud"] == ARM
    assert said["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert said["tid"] == TENANT
    assert said["appid"] == identity.client_id
    assert said["oid"] == identity.object_id
    assert identity.is_of(said["xms_mirid"])
    # The client adds the time that is left to its own clock.
    assert abs(token.expires_on - said["exp"]) <= 2
    assert began + DAY - 2 <= token.expires_on <= time.time() + DAY + 2
    asked = azure.requests("token")
    assert credential.get_token_info(f"{ARM}/.default").token == token.token
    assert azure.requests("token") == asked


@job("imds.system")
def test_imds_system(start):
    azure, wire = start("vm"), Wire()
    assert_token_of(SYSTEM, ManagedIdentityCredential(raw_response_hook=wire), azure)
    assert_written_as_text(wire)
    assert azure.requests("token") == [("GET", "/metadata/identity/oauth2/token")]


@by_id("imds")
def test_imds_by_id(start, config):
    azure = start("vm")
    credential = ManagedIdentityCredential(identity_config=config)
    assert_token_of(GATEWAY, credential, azure)


@job("imds.not-assigned")
def test_imds_not_assigned(start):
    azure = start("vm")
    credential = ManagedIdentityCredential(client_id=Identity("somebody-else").client_id)

    with pytest.raises(CredentialUnavailableError) as refusal:
        credential.get_token(f"{ARM}/.default")

    assert "(invalid_request) Identity not found" in refusal.value.message
    assert len(azure.requests("token")) == 1


@job("imds.throttled")
def test_imds_throttled(start):
    azure, wire = start("vm"), Wire()
    azure.fault("token", {"throttleSeconds": 1}, times=1)

    began = time.monotonic()
    credential = ManagedIdentityCredential(raw_response_hook=wire)
    token = credential.get_token(f"{ARM}/.default")

    assert time.monotonic() - began >= 1
    assert wire.statuses == [429, 200]
    assert wire.responses[0].headers["Retry-After"] == "1"
    assert claims(token.token)["oid"] == SYSTEM.object_id
    assert len(azure.requests("token")) == 2


@job("app-service.system")
def test_app_service_system(start):
    azure, wire = start("container-app"), Wire()
    assert_token_of(SYSTEM, ManagedIdentityCredential(raw_response_hook=wire), azure)
    assert_written_as_text(wire)
    assert azure.requests("token") == [("GET", "/msi/token")]


@by_id("app-service")
def test_app_service_by_id(start, config):
    azure = start("container-app")
    credential = ManagedIdentityCredential(identity_config=config)
    assert_token_of(GATEWAY, credential, azure)


@job("machine-learning.client-id")
def test_machine_learning(start):
    azure = start("ml")
    client_id = os.environ["DEFAULT_IDENTITY_CLIENT_ID"]
    assert client_id == GATEWAY.client_id
    assert_token_of(GATEWAY, ManagedIdentityCredential(client_id=client_id), azure)
    assert azure.requests("token") == [("GET", "/ml/msi/token")]


@job("arc.system")
def test_arc_system(start, monkeypatch):
    azure, wire = start("arc"), Wire()
    # The client looks for keys in the agent's own folder, /var/opt/azcmagent/tokens,
    # and has no setting for it: only root could put a key there.
    folders = msal.managed_identity._supported_arc_platforms_and_their_prefixes
    monkeypatch.setitem(folders, "linux", os.environ["MIG_ARC_KEY_FOLDER"])

    assert_token_of(SYSTEM, ManagedIdentityCredential(raw_response_hook=wire), azure)
    assert_written_as_text(wire)
    assert wire.statuses == [401, 200]
    assert azure.requests("token") == [("GET", "/metadata/identity/oauth2/token")] * 2


@job("service-fabric.system")
def test_service_fabric_system(start):
    azure = start("service-fabric")
    assert os.environ["IDENTITY_ENDPOINT"].startswith("https://")
    assert_token_of(SYSTEM, ManagedIdentityCredential(), azure)


@job("cloud-shell.user")
def test_cloud_shell_user(start):
    azure, wire = start("cloud-shell"), Wire()

    credential = ManagedIdentityCredential(raw_response_hook=wire)
    token = credential.get_token_info(f"{ARM}/.default")

    said = claims(token.token)
    assert said["aud"] == ARM
    assert said["oid"] == guid("user/0")
    assert said["scp"] == "user_impersonation"
    assert "xms_mirid" not in said
    assert token.expires_on == said["exp"]
    assert_written_as_text(wire)
    assert azure.requests("token") == [("POST", "/oauth2/token")]


@job("workload-identity.client-id")
def test_workload_identity(start):
    azure = start("aks")
    endpoint = ("POST", f"/{TENANT}/oauth2/v2.0/token")

    assert_token_of(GATEWAY, WorkloadIdentityCredential(), azure)
    assert azure.requests("token") == [endpoint]

    # azure-identity knows where the token endpoint is; MSAL asks.
    assertion = Path(os.environ["AZURE_FEDERATED_TOKEN_FILE"]).read_text
    application = msal.ConfidentialClientApplication(
        os.environ["AZURE_CLIENT_ID"],
        authority=os.environ["AZURE_AUTHORITY_HOST"] + os.environ["AZURE_TENANT_ID"],
        client_credential={"client_assertion": assertion},
    )
    result = application.acquire_token_for_client([f"{ARM}/.default"])
    assert claims(result["access_token"])["oid"] == GATEWAY.object_id
    assert result["token_source"] == "identity_provider"
    assert result["expires_in"] == DAY
    configuration = ("GET", f"/{TENANT}/v2.0/.well-known/openid-configuration")
    assert azure.requests("keys").count(configuration) == 1
    assert azure.requests("token") == [endpoint] * 2


@job("workload-identity.expired")
def test_workload_identity_expired(start):
    azure = start("aks")
    azure.post("assertions/expire")

    with pytest.raises(ClientAuthenticationError) as refusal:
        WorkloadIdentityCredential().get_token(f"{ARM}/.default")

    assert refusal.value.status_code == 401
    assert "AADSTS700024: Client assertion is not within its valid time range" in str(refusal.value)
