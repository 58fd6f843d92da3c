"""The client is whole, and its types are of use."""

import subprocess
import sys
from pathlib import Path

import mi_gateway_client.api as operations
import pytest
from ruamel.yaml import YAML

import generator
from conftest import GENERATED
from gateway import ROOT

HERE = Path(__file__).resolve().parent


@pytest.mark.job(
    "client.generate", "the whole contract becomes a client, without a warning"
)
def test_every_operation_becomes_a_function() -> None:
    assert GENERATED.returncode == 0, GENERATED.stdout + GENERATED.stderr
    contract = YAML(typ="safe").load(ROOT / "openapi.yaml")
    (package,) = operations.__path__
    made = {path.stem for path in Path(package).glob("*/*.py")} - {"__init__"}
    documented = {
        operation["operationId"]
        for item in contract["paths"].values()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    }
    assert {name.replace("_", "") for name in made} == {
        name.lower() for name in documented
    }


@pytest.mark.job("client.types", "a type checker follows these jobs through the client")
def test_types_hold_to_the_end() -> None:
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--no-error-summary"),
            *("--cache-dir", str(generator.BUILT / "mypy")),
            *sorted(str(path) for path in HERE.glob("*.py")),
        ],
        cwd=ROOT,
        env={"MYPYPATH": f"{HERE}:{generator.CLIENT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
