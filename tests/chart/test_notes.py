"""What is printed after an installation: commands that can be run as they stand."""

import json
import re

import pytest

from chart import CASES, CHART, ROOT, helm

# The word after `exec` and its options that is the program.
INTO_A_CONTAINER = r"\b(?:kubectl|containerapp)\b[^\n`]*\bexec [^\n`]*(?: -- |--command \"?)([^\s\"]+)"


@pytest.fixture
def notes(chart, work):
    """What is printed for a case, and for other values over it."""

    def told(case, **values):
        over = work / "notes.yaml"
        over.write_text(json.dumps(values))
        files = ["--values", CASES[case], "--values", over]
        printed = helm("helm4", "install", "rel", chart, "--namespace", "ops", "--dry-run=client", *files)
        return printed.split("NOTES:\n", 1)[1]

    return told


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_left_open(notes, case):
    told = notes(case)
    assert "{{" not in told and "<no value>" not in told and "map[" not in told
    assert max(map(len, re.findall(r"^\S.*$", told, re.M))) < 130


def test_the_federated_credential_is_that_of_this_account(notes):
    told = notes("dual-stack")
    assert "--subject system:serviceaccount:ops:shared " in told
    assert "--audiences api://AzureADTokenExchange" in told


def test_the_permission_is_granted_in_the_graph_of_the_cloud(notes):
    """As `grant` of the program says it."""
    graphs = {
        "": "https://graph.microsoft.com",
        "public": "https://graph.microsoft.com",
        "usgov": "https://graph.microsoft.us",
        "usdod": "https://dod-graph.microsoft.us",
        "china": "https://microsoftgraph.chinacloudapi.cn",
    }
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert graphs.keys() == set(schema["properties"]["config"]["properties"]["cloud"]["enum"])
    programs = (ROOT / "src/config/cloud.rs").read_text()
    for cloud, graph in graphs.items():
        told = notes("minimal", config={"cloud": cloud})
        assert f'--url "{graph}/v1.0/servicePrincipals/' in told and f'graph: "{graph}",' in programs


def test_the_role_is_created_once_and_assigned_everywhere(notes):
    told = notes("production")
    assert told.count("az role definition create") == 1
    assert told.count("az role assignment create") == 2
    assert "role-update.json" in told


def test_what_is_run_in_a_container_is_there_by_that_name(notes):
    """The image has one file, and no PATH that leads to it."""
    entrypoint = re.search(r"^ENTRYPOINT (.*)$", (ROOT / "Dockerfile").read_text(), re.M)
    (program,) = json.loads(entrypoint[1])
    documents = [ROOT / "README.md", CHART / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")]
    texts = [notes("minimal"), *(document.read_text() for document in documents)]
    run = [name for text in texts for name in re.findall(INTO_A_CONTAINER, text)]
    assert len(run) >= 4 and set(run) == {program}, run


def test_policies_that_schedules_need_are_shown_where_the_chart_has_none(notes):
    told = notes("schedules", policies={"existingConfigMap": "company"})
    assert '@id("schedule-evening")' in told
    evening = {"name": "evening", "schedule": "0 19 * * *", "action": "deallocate", "vms": ["a"], "resourceGroup": "rg-web"}
    told = notes("schedules", policies={"existingConfigMap": "company"}, schedules=[evening])
    assert "no policy can name that" in told and "permit (" not in told
