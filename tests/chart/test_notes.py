"""What is printed after an installation: commands that can be run as they stand."""

import re

import pytest

from chart import CASES, helm


def notes(chart, case):
    told = helm("helm4", "install", "rel", chart, "--namespace", "ops", "--dry-run=client", "--values", CASES[case])
    return told.split("NOTES:\n", 1)[1]


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_left_open(chart, case):
    told = notes(chart, case)
    assert "{{" not in told and "<no value>" not in told and "map[" not in told
    assert max(map(len, re.findall(r"^\S.*$", told, re.M))) < 130


def test_the_federated_credential_is_that_of_this_account(chart):
    told = notes(chart, "dual-stack")
    assert "--subject system:serviceaccount:ops:shared " in told
    assert "--audiences api://AzureADTokenExchange" in told


def test_the_role_is_created_once_and_assigned_everywhere(chart):
    told = notes(chart, "production")
    assert told.count("az role definition create") == 1
    assert told.count("az role assignment create") == 2
    assert "role-update.json" in told


def test_policies_that_schedules_need_are_shown_where_the_chart_has_none(chart, work):
    over = work / "notes.yaml"
    over.write_text("policies: { existingConfigMap: company }\n")
    values = ["--values", CASES["schedules"], "--values", over]
    told = helm("helm4", "install", "rel", chart, "--namespace", "ops", "--dry-run=client", *values)
    assert '@id("schedule-evening")' in told.split("NOTES:\n", 1)[1]
