"""Users: of departments that need care, counted, and followed by delta query."""

import pytest
from msgraph.generated.users.count.count_request_builder import CountRequestBuilder
from msgraph.generated.users.delta.delta_request_builder import DeltaRequestBuilder

from directory import Query, configuration, everybody, of, pages, run
from seed import DEPARTMENTS, guid, user_ids

SELECT = [
    "id",
    "department",
    "displayName",
    "userPrincipalName",
    "mail",
    "employeeId",
    "accountEnabled",
    "userType",
    "jobTitle",
    "businessPhones",
    "mobilePhone",
]
EVENTUAL = {"ConsistencyLevel": "eventual"}


def job(name):
    return pytest.mark.job(f"users.{name}", "msgraph-sdk")


def case(name, *values):
    return pytest.param(*values, marks=job(name), id=f"users.{name}")


def numbers(department):
    """The numbers of the users of `department`, from which all else follows."""
    names = list(DEPARTMENTS)
    before = sum(DEPARTMENTS[it] for it in names[: names.index(department)])
    return range(before, before + DEPARTMENTS[department])


def assert_user(user, number, department):
    assert user.id == guid(f"user/{number}")
    assert user.department == department
    assert user.display_name
    assert user.mail == f"user{number:04}@example.com"
    assert user.employee_id == str(number)
    assert user.account_enabled is (number % 23 != 22)
    assert user.user_type == ("Guest" if number % 41 == 40 else "Member")
    assert user.job_title == (None if number % 7 == 0 else "Specialist")
    assert user.business_phones == ([] if number % 13 == 12 else [f"+1 555 {number:04}"])
    assert user.mobile_phone is None
    # It was not selected.
    assert user.office_location is None


@pytest.mark.parametrize(
    # Both shapes of links to further pages have been seen at Graph.
    ("department", "top", "links"),
    [
        case("seinfeld", "Seinfeld", 10, "binary"),
        case("kramers-ideas", "Kramer's Ideas", 7, "base64"),
        case("r-and-d", "R&D", 100, "binary"),
        case("cpp-guild", "C++ Guild", 15, "base64"),
        case("all-cotton", "100% Cotton", 4, "binary"),
        case("team-1", "Team #1", 5, "base64"),
        case("kueche-cafe", "Küche & Café", 10, "binary"),
        case("import-export", "Import/Export", 25, "base64"),
    ],
)
def test_department(start, department, top, links):
    azure = start("container-app", "--page-links", links)

    async def list_all(graph):
        query = Query(filter=of(department), select=SELECT, top=top)
        first = await graph.users.get(configuration(query))
        assert len(first.value) == top
        assert first.odata_count is None
        return await everybody(pages(graph, first))

    users = run(list_all)

    assert [user.id for user in users] == user_ids(department)
    for number, user in zip(numbers(department), users, strict=True):
        assert_user(user, number, department)
    assert len(azure.requests("graph")) == -(-DEPARTMENTS[department] // top) > 1


@job("count")
def test_count(start):
    start()

    async def count(graph):
        everyone = await graph.users.count.get(configuration(None, EVENTUAL))
        query = CountRequestBuilder.CountRequestBuilderGetQueryParameters(filter=of("R&D"))
        return everyone, await graph.users.count.get(configuration(query, EVENTUAL))

    assert run(count) == (2000, 310)


@job("counted-list")
def test_counted_list(start):
    azure = start()

    async def list_counted(graph):
        query = Query(filter=of("Import/Export"), select=SELECT, top=20, count=True)
        first = await graph.users.get(configuration(query, EVENTUAL))
        # Each page is to say it: a link carries no header.
        return first.odata_count, await everybody(pages(graph, first, EVENTUAL))

    count, users = run(list_counted)

    assert count == 58
    assert {user.id for user in users} == set(user_ids("Import/Export"))
    assert len(users) == 58
    assert len(azure.requests("graph")) == 3


async def round_of(graph, response):
    """The users of a round of delta query, the latest state of each, and its end."""
    users, count = {}, 1
    while True:
        # One user may come more than once; the last word counts.
        users.update({user.id: user for user in response.value})
        if response.odata_delta_link:
            assert response.odata_next_link is None
            return users, response.odata_delta_link, count
        response = await graph.users.delta.with_url(response.odata_next_link).get()
        count += 1
        assert count < 10, "a round has an end"


@job("delta")
def test_delta(start):
    azure = start("container-app", "--users", "500")
    moved, left, kept = user_ids("Seinfeld")[:3]

    async def follow(graph):
        query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
            select=["displayName", "department"]
        )
        first = await graph.users.delta.get(configuration(query))
        everyone, link, requests = await round_of(graph, first)

        azure.patch(f"users/{moved}", {"department": "Team #1"})
        azure.post(f"users/{left}/remove")
        new = azure.post("users", {"department": "R&D"})["id"]
        since = await graph.users.delta.with_url(link).get()
        changes, link, _ = await round_of(graph, since)

        # Changes may be told once more in the round that follows, and not later.
        for _ in range(2):
            again = await graph.users.delta.with_url(link).get()
            nothing, link, _ = await round_of(graph, again)
        return everyone, requests, changes, new, nothing

    everyone, requests, changes, new, nothing = run(follow)

    assert requests == 3
    assert everyone.keys() == {guid(f"user/{number}") for number in range(500)}
    assert everyone[moved].display_name == "Jerry Seinfeld"
    assert everyone[moved].department == "Seinfeld"
    assert everyone[kept].mail is None
    # A round begins anew where the one before began: some of what was known
    # may come again, and as it is now.
    assert changes.keys() >= {moved, left, new}
    assert changes[moved].department == "Team #1"
    assert changes[left].additional_data["@removed"]["reason"] == "changed"
    assert changes[new].department == "R&D"
    assert not {moved, left, new} & nothing.keys()
