"""The commands of the documents are understood by their shell and by the Azure CLI, and
use no variable before it has a value."""

import json
import re
from pathlib import Path

import pytest
from commands import blocks, command_of, is_understood, run, typed
from repository import ROOT

GUIDE = ROOT / "docs/azure-setup.md"
WAYS = ["aks", "container-apps", "vm"]
#: Documents whose commands stand behind prompts, each block for itself.
OTHERS = [
    "deploy/azure/README.md",
    "deploy/azure/callers.md",
    "deploy/container-apps/README.md",
    "deploy/systemd/README.md",
]
#: What each document has to have at least, or it was not read.
FEWEST = {
    "deploy/azure/README.md": 3,
    "deploy/azure/callers.md": 0,
    "deploy/container-apps/README.md": 10,
    "deploy/systemd/README.md": 4,
}


def way(name):
    """All that is typed on the way to a platform, in order."""
    return "".join(text for words, text in blocks(GUIDE, "sh") if not words or name in words.split())


def commands(document):
    return [command for _, block in blocks(ROOT / document, "console") for command in typed(block)]


def every_call(folder: Path):
    """All calls of all documents, in a folder of its own for each."""
    calls = []
    for name in WAYS:
        (folder / name).mkdir()
        calls += run(way(name), folder / name, strict=True)[0]
    for document in OTHERS:
        place = folder / document.replace("/", "-")
        place.mkdir()
        calls += run("\n".join(commands(document)), place, strict=False)[0]
    return calls


def heading(line):
    """What a link calls a heading."""
    return re.sub(r"[^\w\- ]", "", line.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("name", WAYS)
def test_a_way_of_the_guide_is_walked_to_its_end(name, tmp_path):
    calls, stderr = run(way(name), tmp_path, strict=True)
    assert stderr == ""
    assert ["az", "group", "delete", "--name", "rg-mi-gateway", "--yes"] == calls[-1]
    assert any(call[:3] == ["az", "ad", "app"] for call in calls)


def test_every_block_of_the_guide_is_on_a_way():
    words = {word for words, _ in blocks(GUIDE, "sh") for word in words.split()}
    assert words == {*WAYS}
    assert blocks(GUIDE, "console") == []


def test_every_block_is_understood_by_its_shell():
    for _, text in blocks(GUIDE, "sh"):
        assert is_understood(text) == "", text
    for document in OTHERS:
        found = commands(document)
        assert len(found) >= FEWEST[document], document
        for command in found:
            assert is_understood(command) == "", command


def test_every_command_of_az_is_known_with_its_options(tmp_path):
    known = json.loads((Path(__file__).parent / "az-commands.json").read_text())["commands"]
    used = [command_of(call) for call in every_call(tmp_path) if call[0] == "az"]
    assert len(used) > 50
    for command, options in used:
        assert command in known, command
        for option in options:
            assert option in known[command], f"az {command} {option}"


def test_no_option_of_az_is_short():
    for document in [GUIDE, *(ROOT / other for other in OTHERS)]:
        for line in document.read_text().splitlines():
            assert not re.match(r"^\$? ?az .* -\w\b", line), line


def test_roles_are_those_of_the_files():
    text = GUIDE.read_text()
    for role in json.loads((ROOT / "deploy/azure/app-roles.json").read_text()):
        variable = re.sub(r"\W", "_", role["value"]).lower()
        assert f"{variable}={role['id']}\n" in text, role["value"]
    operator = json.loads((ROOT / "deploy/azure/role.json").read_text())
    assert f"--role '{operator['Name']}'" in text


def test_links_to_a_heading_lead_to_one():
    seen = 0
    for document in [GUIDE, *(ROOT / other for other in OTHERS), ROOT / "README.md"]:
        for file, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text()):
            target = document.parent / file if file else document
            lines = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert anchor in map(heading, lines), f"{file}#{anchor} in {document}"
            seen += 1
    assert seen >= 5


MUTATIONS = {
    "a variable before its value": ("principal=$(az identity show", "principle=$(az identity show", "principal: unbound variable"),
    "a tool that nobody named": ("helm upgrade", "helmfile apply", "helmfile"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_is_noticed(mutation, tmp_path):
    old, new, words = MUTATIONS[mutation]
    assert old in way("aks")
    with pytest.raises(AssertionError, match=words):
        run(way("aks").replace(old, new), tmp_path, strict=True)


def test_a_quote_that_is_left_open_is_noticed():
    block = next(text for _, text in blocks(GUIDE, "sh") if "az role assignment create" in text)
    assert is_understood(block) == ""
    assert "unexpected EOF" in is_understood(block.replace("operator'", "operator"))
