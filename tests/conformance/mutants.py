"""Rules of Azure's, and how each is broken in the sandbox's source."""

from dataclasses import dataclass

SOURCE = "tests/sandbox/src/"


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    rule: str
    broken: str


def mutant(name, file, rule, broken):
    return Mutant(name, SOURCE + file, rule, broken)


MUTANTS = [
    mutant(
        "instance metadata takes `audience` for `resource`",
        "imds.rs",
        'query.get("resource")',
        'query.get("audience")',
    ),
    mutant(
        "App Service takes `clientid` for `client_id`",
        "app_service.rs",
        'query.get("client_id")',
        'query.get("clientid")',
    ),
    mutant(
        "App Service gives `expires_on` as a number",
        "app_service.rs",
        "issued.expires_on.to_string()",
        "issued.expires_on",
    ),
    mutant(
        "Arc's challenge has no realm",
        "arc/challenge.rs",
        "Basic realm=",
        "Basic ",
    ),
    mutant(
        "Entra ID gives no `expires_in`",
        "entra.rs",
        '        "expires_in": left,\n',
        "",
    ),
    mutant(
        "the 202 of a power action has no `Azure-AsyncOperation`",
        "arm/answers.rs",
        '        .header("azure-asyncoperation", &urls.status)\n',
        "",
    ),
    mutant(
        "the 202 of a power action has no `Location`",
        "arm/answers.rs",
        '        .header("location", &urls.location)\n',
        "",
    ),
    mutant(
        "a machine with its instance view has an `ETag` in the head",
        "arm/answers.rs",
        "        View::With => json(200, &body),",
        '        View::With => with(json(200, &body), "etag", &etag),',
    ),
    mutant(
        "an operation ends as `Completed`",
        "arm/operation.rs",
        'None => "Succeeded"',
        'None => "Completed"',
    ),
    mutant(
        "a page of machines has no `nextLink`",
        "arm/listing.rs",
        'body["nextLink"] =',
        'body["next"] =',
    ),
    mutant(
        "`vmSize` is a number",
        "arm/view.rs",
        '"hardwareProfile": {"vmSize": self.size}',
        '"hardwareProfile": {"vmSize": self.size.len()}',
    ),
    mutant(
        "a member of a flexible scale set has no manager",
        "seed/machines.rs",
        '            managed_by: set("rg-web", "flex"),\n',
        "",
    ),
    mutant(
        "`statusOnly` shows no instance view",
        "arm/view.rs",
        '                "instanceView": {"statuses": self.statuses(now)},\n',
        "",
    ),
    mutant(
        "a missing machine is refused without an envelope",
        "arm/refusals.rs",
        '    json!({"error": {"code": code, "message": message}})',
        '    json!({"code": code, "message": message})',
    ),
    mutant(
        "Compute's 429 has an envelope",
        "arm/refusals.rs",
        "    answer(429, &too_many(group.name(), allowed))",
        '    answer(429, &json!({"error": too_many(group.name(), allowed)}))',
    ),
    mutant(
        "a page of Resource Graph has no `$skipToken`",
        "resource_graph/page.rs",
        'page["$skipToken"]',
        'page["skipToken"]',
    ),
    mutant(
        "a page of users has no `@odata.nextLink`",
        "graph.rs",
        'body["@odata.nextLink"]',
        'body["nextLink"]',
    ),
    mutant(
        "a doubled quote in a filter ends the text",
        "graph/filter/words.rs",
        "} else if letters.next_if_eq(&'\\'').is_some() {",
        "} else if false {",
    ),
    mutant(
        "Graph's 429 has no `Retry-After`",
        "graph/throttling.rs",
        'with(refusal, "retry-after", &seconds.to_string())',
        "{ let _ = seconds; refusal }",
    ),
    mutant(
        "the last page of changes has a `nextLink`",
        "graph/delta.rs",
        'Token::Round(_) => ("@odata.deltaLink", "$deltatoken")',
        'Token::Round(_) => ("@odata.nextLink", "$deltatoken")',
    ),
    mutant(
        "`@odata.count` is a text",
        "graph.rs",
        'body["@odata.count"] = json!(count);',
        'body["@odata.count"] = json!(count.to_string());',
    ),
]
