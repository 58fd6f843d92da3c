"""The unit for a virtual machine is one that systemd takes, leaves the gateway the time and
the descriptors that it needs, and goes with the files beside it."""

import os
import re
import shutil
import subprocess

import pytest
from commands import blocks
from repository import ROOT, defaults, variables

FOLDER = ROOT / "deploy/systemd"
UNIT = (FOLDER / "mi-gateway.service").read_text()
ENVIRONMENT = (FOLDER / "environment").read_text()
PROGRAM = os.environ.get("MI_GATEWAY", ROOT / "target/debug/mi-gateway")


def setting(name):
    """The one value that the unit has for it."""
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)
    return value


def example():
    """The variables of the example, those that are proposed in comments among them."""
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", ENVIRONMENT, re.MULTILINE))


def of_the_guide():
    """The variables that the setup guide writes on the machine."""
    (found,) = re.findall(
        r"<<ENVIRONMENT\n(.*?)^ENVIRONMENT$",
        "".join(text for _, text in blocks(ROOT / "docs/azure-setup.md", "sh")),
        re.MULTILINE | re.DOTALL,
    )
    return dict(line.split("=", 1) for line in found.splitlines())


def seconds(text):
    return int(text.removesuffix("s"))


@pytest.mark.parametrize("given", [example, of_the_guide])
def test_every_variable_is_one_of_the_gateways(given):
    assert {"AZURE_CLIENT_ID", "MIG_AUTH", "MIG_AUDIT_FILE"} <= given().keys() <= variables()


def test_the_gateway_takes_the_example():
    if not os.access(PROGRAM, os.X_OK):
        pytest.skip(f"{PROGRAM} is not built")
    # `grant` reads all of it, and fails at Azure, of which nothing is here.
    nowhere = {"MIG_IMDS_ENDPOINT": "http://127.0.0.1:1", "MIG_AUDIT_FILE": ""}
    done = subprocess.run([PROGRAM, "grant"], env=example() | nowhere, capture_output=True, text=True, timeout=60)
    assert done.returncode != 78, done.stderr


def test_systemd_waits_longer_than_the_gateway_takes_to_end():
    given = defaults() | example()
    takes = seconds(given["MIG_SHUTDOWN_DELAY"]) + seconds(given["MIG_SHUTDOWN_GRACE"]) + 5
    assert setting("KillSignal") == "SIGTERM"
    assert takes < seconds(setting("TimeoutStopSec"))
    assert f"{takes} s as long as neither is set" in UNIT


def test_there_are_descriptors_for_all_connections():
    given = defaults() | example()
    to_azure = 2 * int(given["MIG_UPSTREAM_CONCURRENCY"])
    assert int(given["MIG_CONNECTION_LIMIT"]) + to_azure < int(setting("LimitNOFILE"))


def test_the_record_of_changes_is_in_the_folder_that_the_unit_makes():
    file = f"/var/log/{setting('LogsDirectory')}/audit.jsonl"
    assert example()["MIG_AUDIT_FILE"] == of_the_guide()["MIG_AUDIT_FILE"] == file


def test_the_doctor_of_the_guide_is_run_as_the_service():
    # systemd gives units of one dynamic user's name the same one (systemd.exec(5)), and the
    # folder of its logs to those alone that name it.
    (command,) = re.findall(
        r"sudo systemd-run (.*?) /usr/local/bin/mi-gateway doctor",
        (ROOT / "docs/azure-setup.md").read_text().replace("\\\n", " "),
    )
    given = dict(it.split("=", 1) for it in re.findall(r"--property (\S+)", command))
    as_the_service = ("User", "DynamicUser", "LogsDirectory", "LogsDirectoryMode", "EnvironmentFile")
    assert given == {name: setting(name) for name in as_the_service}


def test_a_file_that_was_rotated_is_left_by_a_reload():
    rotation = (FOLDER / "logrotate").read_text()
    assert f"{example()['MIG_AUDIT_FILE']} {{" in rotation
    assert "systemctl try-reload-or-restart mi-gateway\n" in rotation
    assert "kill -HUP" in setting("ExecReload")
    # A line may be under way to the old file, so that it is not compressed yet.
    assert "delaycompress" in rotation and "copytruncate" not in rotation


def test_what_a_restart_does_not_mend_is_not_restarted():
    codes = setting("RestartPreventExitStatus").split()
    readme = (ROOT / "README.md").read_text()
    assert codes == ["2", "78"]
    for code in codes:
        assert re.search(rf"^\| {code} \| the (command line|environment)", readme, re.MULTILINE)


def analyzed(folder, verb, *options, unit=UNIT):
    """What systemd says of the unit, with a program that is there."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze: apt-get install systemd")
    path = folder / "mi-gateway.service"
    path.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit, flags=re.MULTILINE))
    return subprocess.run(
        ["systemd-analyze", "--no-pager", verb, *options, path],
        env=os.environ | {"SYSTEMD_LOG_LEVEL": "warning", "SYSTEMD_COLORS": "0"},
        capture_output=True,
        text=True,
    )


def test_systemd_knows_every_word(tmp_path):
    done = analyzed(tmp_path, "verify", "--man=no")
    assert (done.returncode, done.stderr) == (0, "")
    misspelt = analyzed(tmp_path, "verify", "--man=no", unit=UNIT.replace("ProtectSystem", "ProtectSytem"))
    assert "ProtectSytem" in misspelt.stderr


#: What `systemd-analyze security` calls the exposure of a service, in tenths, of 100.
MOST_EXPOSED = 15


def test_it_is_confined(tmp_path):
    options = ["--offline=true", f"--threshold={MOST_EXPOSED}"]
    done = analyzed(tmp_path, "security", *options)
    assert done.returncode == 0, done.stdout
    looser = UNIT.replace("SystemCallFilter=@system-service", "").replace("CapabilityBoundingSet=", "#")
    assert analyzed(tmp_path, "security", *options, unit=looser).returncode != 0
