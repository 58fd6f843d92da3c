"""Writes az-commands.json: `az_commands.py PATH/TO/az`, where the documents have a command
that is new, or the CLI is. Nobody has to be signed in."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from commands import command_of, options_of
from test_commands import every_call

KNOWN = Path(__file__).parent / "az-commands.json"


def main(az):
    with TemporaryDirectory() as folder:
        calls = every_call(Path(folder))
    used = sorted({command_of(call)[0] for call in calls if call[0] == "az"})
    version = json.loads(subprocess.run([az, "version"], capture_output=True, check=True).stdout)["azure-cli"]
    known = {"azure-cli": version, "commands": {command: options_of(az, command) for command in used}}
    KNOWN.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
