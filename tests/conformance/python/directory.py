"""Clients of Microsoft Graph, and lists of users read to their end."""

import asyncio

from azure.identity import ManagedIdentityCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from msgraph import GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core import PageIterator

Query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters


def run(job):
    """What comes of `job`, a coroutine that is given a client: Graph's client is
    asynchronous."""

    async def with_client():
        graph = GraphServiceClient(
            ManagedIdentityCredential(), scopes=["https://graph.microsoft.com/.default"]
        )
        return await job(graph)

    return asyncio.run(with_client())


def configuration(query, headers=None) -> RequestConfiguration:
    collection = HeadersCollection()
    for name, value in (headers or {}).items():
        collection.add(name, value)
    return RequestConfiguration(query_parameters=query, headers=collection)


def of(department: str) -> str:
    """A filter; a quote is doubled in OData, and the client encodes the rest."""
    return "department eq '{}'".format(department.replace("'", "''"))


def pages(graph, first, headers=None) -> PageIterator:
    """An iterator over `first` and what follows."""
    # It knows no errors of its own: without this they lose code and message.
    iterator = PageIterator(first, graph.request_adapter, error_mapping={"XXX": ODataError})
    for name, value in (headers or {}).items():
        iterator.headers.add(name, value)
    return iterator


async def everybody(iterator: PageIterator) -> list:
    users = []
    await iterator.iterate(lambda user: users.append(user) is None)
    return users
