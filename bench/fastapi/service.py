"""The two routes by FastAPI and Azure's own packages, as their documentation has them.

Everything is asynchronous, connections are kept and not limited in number, tokens and
pages are kept in memory.
"""

import os
from contextlib import asynccontextmanager

from aiohttp import ClientSession, TCPConnector
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import ManagedIdentityCredential, get_bearer_token_provider
from azure.mgmt.compute.aio import ComputeManagementClient
from azure.mgmt.compute.models import VirtualMachine
from cachetools import TTLCache
from fastapi import FastAPI, HTTPException, Response

ARM = os.environ["ARM_ENDPOINT"]
GRAPH = os.environ["GRAPH_ENDPOINT"]
SUBSCRIPTION = os.environ["SUBSCRIPTION"]
GROUP = os.environ["RESOURCE_GROUP"]
SELECT = os.environ["SELECT"]
LOOK = os.environ["LOOK"] == "true"


@asynccontextmanager
async def lifespan(app: FastAPI):
    """Clients that live as long as the service."""
    credential = ManagedIdentityCredential(client_id=os.environ["AZURE_CLIENT_ID"])
    async with (
        credential,
        ClientSession(connector=TCPConnector(limit=0), auto_decompress=False) as arm,
        ClientSession(connector=TCPConnector(limit=0)) as graph,
        ComputeManagementClient(
            credential,
            SUBSCRIPTION,
            base_url=ARM,
            credential_scopes=["https://management.azure.com/.default"],
            transport=AioHttpTransport(session=arm, session_owner=False),
        ) as compute,
    ):
        app.state.machines = compute.virtual_machines
        app.state.graph = graph
        app.state.token = get_bearer_token_provider(
            credential, "https://graph.microsoft.com/.default"
        )
        app.state.pages = TTLCache(maxsize=800, ttl=30)
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/vms/{name}/deallocate", status_code=202)
async def deallocate(name: str) -> Response:
    """The order alone: how it goes is for the caller to ask."""
    machines = app.state.machines
    # Azure's clients give tokens to https alone, unless told that it is a test.
    if LOOK:
        machine = await machines.get(
            GROUP, name, expand="instanceView", enforce_https=False
        )
        if is_deallocated(machine):
            return Response(status_code=200)
    await machines.begin_deallocate(GROUP, name, polling=False, enforce_https=False)
    return Response(status_code=202)


def is_deallocated(machine: VirtualMachine) -> bool:
    return any(
        status.code == "PowerState/deallocated"
        for status in machine.instance_view.statuses
    )


@app.get("/directory/users")
async def users(department: str) -> Response:
    """Graph's page as it is: to read it would only cost time."""
    page = app.state.pages.get(department)
    if page is None:
        page = app.state.pages[department] = await fetched(department)
    return Response(page, media_type="application/json")


async def fetched(department: str) -> bytes:
    literal = department.replace("'", "''")
    query = {"$select": SELECT, "$filter": f"department eq '{literal}'", "$top": "100"}
    headers = {"Authorization": f"Bearer {await app.state.token()}"}
    async with app.state.graph.get(
        f"{GRAPH}/v1.0/users", params=query, headers=headers
    ) as answer:
        if answer.status != 200:
            raise HTTPException(502, f"Graph answered {answer.status}")
        return await answer.read()
