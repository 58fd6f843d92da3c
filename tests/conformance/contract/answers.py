"""Answers as the models that the contract gives them."""

from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

from mi_gateway_client.models import Problem, ProblemCode
from mi_gateway_client.types import Unset

Model = TypeVar("Model")


class Answer(Protocol):
    """What the client's `Response` is whatever its models are."""

    @property
    def status_code(self) -> HTTPStatus: ...
    @property
    def content(self) -> bytes: ...
    @property
    def headers(self) -> MutableMapping[str, str]: ...
    @property
    def parsed(self) -> object: ...


def parsed(answer: Answer, model: type[Model], status: int = 200) -> Model:
    """The body of an answer, which has this status and is of this model alone."""
    assert answer.status_code == status, answer.content
    assert type(answer.parsed) is model, answer.content
    return answer.parsed


def problem(answer: Answer, status: int, code: ProblemCode) -> Problem:
    """A problem that says the same as its answer."""
    it = parsed(answer, Problem, status)
    assert (it.status, it.code) == (status, code), it
    assert it.type_ == f"urn:mi-gateway:problem:{code.value}"
    assert it.request_id == answer.headers["x-request-id"]
    return it


def cursor(next_link: str | Unset) -> str | None:
    """Where a listing goes on; None at its end."""
    if isinstance(next_link, Unset):
        return None
    (it,) = parse_qs(urlsplit(next_link).query, strict_parsing=True)["cursor"]
    return it
