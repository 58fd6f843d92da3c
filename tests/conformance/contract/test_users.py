"""Users of departments whose names are awkward in links and queries."""

from collections.abc import Callable

import pytest
from mi_gateway_client import Client
from mi_gateway_client.api.directory import list_users
from mi_gateway_client.models import User, UserPage
from mi_gateway_client.types import UNSET, Unset

from answers import cursor, parsed


def pages(client: Client, departments: list[str], top: int) -> list[UserPage]:
    """All pages, by the cursor of each one's `nextLink`."""
    found: list[UserPage] = []
    place: str | Unset | None = UNSET
    while place is not None:
        answer = list_users.sync_detailed(
            client=client, department=departments, top=top, cursor=place
        )
        page = parsed(answer, UserPage)
        found.append(page)
        place = cursor(page.next_link)
    return found


def users(found: list[UserPage]) -> list[User]:
    return [user for page in found for user in page.value]


DEPARTMENTS = {
    "apostrophe": "Kramer's Ideas",
    "ampersand": "R&D",
    "plus": "C++ Guild",
    "percent": "100% Cotton",
    "number-sign": "Team #1",
    "umlaut": "Küche & Café",
    "slash": "Import/Export",
}


@pytest.mark.parametrize(
    "department",
    [
        pytest.param(
            name,
            marks=pytest.mark.job(f"users.{sign}", f"all users of {name}, page by page"),
            id=sign,
        )
        for sign, name in DEPARTMENTS.items()
    ],
)
def test_all_of_a_department_come_page_by_page(
    api: Client, department: str, detail: Callable[[str], None]
) -> None:
    paged, (whole,) = pages(api, [department], top=4), pages(api, [department], top=999)
    assert len(paged) > 2
    assert {user.department for user in users(paged)} == {department}
    found = [user.id for user in users(paged)]
    assert len(found) == len(set(found))
    assert sorted(map(str, found)) == sorted(str(user.id) for user in whole.value)
    detail(f"{len(found)} users on {len(paged)} pages")


@pytest.mark.job("users.several", "the users of several departments in one listing")
def test_several_departments_are_one_listing(api: Client) -> None:
    found = users(pages(api, list(DEPARTMENTS.values()), top=50))
    assert {user.department for user in found} == set(DEPARTMENTS.values())


@pytest.mark.job("users.nobody", "a department without anybody is an empty page")
def test_nobody_is_an_answer(api: Client) -> None:
    (page,) = pages(api, ["Nobody's"], top=10)
    assert page.value == []


@pytest.mark.job("users.unchanged", "304 for a page that the caller has")
def test_a_page_that_is_there_already_is_not_sent_again(api: Client) -> None:
    first = list_users.sync_detailed(client=api, department=["R&D"], top=5)
    tag = first.headers["etag"]
    again = list_users.sync_detailed(
        client=api, department=["R&D"], top=5, if_none_match=tag
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
