"""What openapi.yaml asks of a request in words, as no JSON schema can say it."""

import re
import unicodedata
from typing import Any
from urllib.parse import quote_plus

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

PROPERTIES = {
    "accountenabled",
    "businessphones",
    "companyname",
    "department",
    "displayname",
    "employeeid",
    "givenname",
    "id",
    "jobtitle",
    "mail",
    "mobilephone",
    "officelocation",
    "preferredlanguage",
    "surname",
    "userprincipalname",
    "usertype",
}

# Departments of more characters in all, percent-encoded, are refused.
LONGEST_DEPARTMENTS = 4096


@schemathesis.check
def acceptance(
    ctx: schemathesis.CheckContext,
    response: schemathesis.Response,
    case: schemathesis.Case[Any],
) -> bool | None:
    """`positive_data_acceptance`, for requests that keep what is said in words too.

    One that does not has to be refused as documented: this is no way around.
    """
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive:
        return None
    if rule := _broken(case):
        assert response.status_code == 400, f"{rule}, and not refused"
        return None
    if response.status_code in _refusals_of_what_is_made_up(case):
        return None
    return positive_data_acceptance(ctx, response, case)


def _broken(case: schemathesis.Case[Any]) -> str | None:
    """Why such a request has to be refused, if it has to."""
    query: dict[str, Any] = case.query
    # A schema does say this one; schemathesis 4.32 takes the number 0, which it
    # made to break it, for a good value of the header in the coverage phase.
    if not re.fullmatch(r'\*|"[^"]*"', str(case.headers.get("If-Match", "*"))):
        return "If-Match of no version"
    if _is_on(query.get("hibernate")) and _is_on(query.get("force")):
        return "hibernate together with force"
    names = str(query.get("select", "id")).split(",")
    if not all(name.strip().lower() in PROPERTIES for name in names):
        return "select of what is no property"
    departments = query.get("department", [])
    for text in [*departments, query.get("search", "")]:
        if not unicodedata.is_normalized("NFC", text):
            return "text that is not in normalization form C"
    if sum(len(quote_plus(text)) for text in departments) > LONGEST_DEPARTMENTS:
        return "departments that are too long together"
    return None


def _is_on(flag: object) -> bool:
    return str(flag).lower() == "true"


def _refusals_of_what_is_made_up(case: schemathesis.Case[Any]) -> set[int]:
    """The statuses for a cursor, a size or a version that Azure does not know."""
    statuses = set()
    if "cursor" in case.query or (isinstance(case.body, dict) and "size" in case.body):
        statuses.add(400)
    if "If-Match" in case.headers:
        statuses.add(412)
    return statuses
