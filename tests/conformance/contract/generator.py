"""The client that openapi-python-client makes of openapi.yaml."""

import subprocess
import sys
from pathlib import Path

from gateway import ROOT

HERE = Path(__file__).resolve().parent
BUILT = ROOT / "target" / "conformance"
CLIENT = BUILT / "client"
PACKAGE = "mi_gateway_client"


def generate() -> "subprocess.CompletedProcess[str]":
    """Generates the client anew, where it can be imported from.

    A warning is a failure: the generator goes on without what it warns of.
    """
    sys.path.insert(0, str(CLIENT))
    CLIENT.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate"),
            *("--path", str(ROOT / "openapi.yaml")),
            *("--config", str(HERE / "client.yaml")),
            *("--output-path", str(CLIENT / PACKAGE)),
            *("--meta", "none", "--overwrite", "--fail-on-warning"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
