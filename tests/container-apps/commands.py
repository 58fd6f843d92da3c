"""The commands in the documents, and what comes of running them with nothing behind."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

#: Everything that the documents take; the rest of PATH is not there when they run.
TOOLS = ["az", "curl", "envsubst", "helm", "jq", "kubectl", "scp", "ssh", "uuidgen"]

#: Notes its arguments, reads what it is given, and says something, whatever it is asked.
STUB = """#!{python}
import json, os, sys, time
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]) + "\\n")
sys.stdin.read()  # or whoever writes to it breaks
print("answer")
if "port-forward" in sys.argv:
    time.sleep(60)  # until it is told to end
"""


def blocks(document, language):
    """The words after the language, and the text, of each block."""
    fence = rf"^```{language}\b *([^\n]*)\n(.*?)^```$"
    return re.findall(fence, document.read_text(), re.MULTILINE | re.DOTALL)


def typed(block):
    """What is typed in a block of prompts and output: a command may go on in lines that
    are indented."""
    return re.findall(r"^\$ (.*(?:\n +.*)*)$", block, re.MULTILINE)


def run(script, folder: Path, *, strict):
    """Every call that `script` makes, as lists of words. Where it is `strict`, a variable
    that is not set, or a tool that is not known, ends it."""
    tools = folder / "tools"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).write_text(STUB.format(python=sys.executable))
        (tools / tool).chmod(0o755)
    calls = folder / "calls"
    calls.touch()
    (folder / "containerapp.yaml").touch()
    done = subprocess.run(
        ["/bin/bash", *(["-eu", "-o", "pipefail"] if strict else []), "-c", script],
        cwd=folder,
        env={"PATH": str(tools), "CALLS": str(calls)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0 or not strict, done.stderr
    return [json.loads(line) for line in calls.read_text().splitlines()], done.stderr


def is_understood(script):
    """What the shell has against a script, if anything."""
    done = subprocess.run(["/bin/bash", "-n"], input=script, capture_output=True, text=True, check=False)
    return done.stderr


def command_of(call):
    """Of `az group create --name x`: `group create`, and its options."""
    words = call[1:]
    end = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:end]), [word for word in words[end:] if word.startswith("--")]


def options_of(az, command):
    """The options of a command of the Azure CLI, of its own help."""
    done = subprocess.run(
        [az, *command.split(), "--help"],
        env=os.environ | {"AZURE_CORE_COLLECT_TELEMETRY": "no"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"az {command}: {done.stderr}"
    arguments = re.split(r"^Examples$", done.stdout, flags=re.MULTILINE)[0]
    lines = re.findall(r"^ {4}(--.*?) +(?:\[|:)", arguments, re.MULTILINE)
    return sorted({option for line in lines for option in re.findall(r"--[\w-]+", line)})
