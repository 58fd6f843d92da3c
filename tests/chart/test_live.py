"""What the chart renders, with the program itself before a local Azure.

Left out, with a notice, where the two are not built: `cargo build --workspace`.
"""

import json
import os
import shutil
import signal
import subprocess
import urllib.request

import pytest

from chart import ROOT, Objects

GATEWAY = os.environ.get("MI_GATEWAY", ROOT / "target/debug/mi-gateway")
AZURE = os.environ.get("AZURE_SANDBOX", ROOT / "target/debug/azure-sandbox")
TOKEN = "/var/run/secrets/mi-gateway/caller/token"

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, [GATEWAY, AZURE, "curl"])), reason="the program, a local Azure or curl is not there"
)


def started(*command, environment=None):
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def ended(process):
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


@pytest.fixture
def azure():
    process = started(AZURE, "serve", "--json", "--listen", "127.0.0.1:0", "--as", "aks", "--operation-takes", "300ms")
    yield json.loads(process.stdout.readline())
    ended(process)


@pytest.fixture
def gateway(rendered, azure, tmp_path):
    """The gateway of the case with schedules: what was rendered, and its two URLs."""
    of_case = Objects(rendered["helm4", "schedules"])
    policies = tmp_path / "policies"
    policies.mkdir()
    for name, text in of_case("ConfigMap", "-policies")["data"].items():
        (policies / name).write_text(text)
    here = {"MIG_LISTEN": "127.0.0.1:0", "MIG_ADMIN_LISTEN": "127.0.0.1:0", "MIG_POLICY_FILE": str(policies)}
    here["MIG_SHUTDOWN_DELAY"] = "0"
    process = started(GATEWAY, environment=azure["environment"] | of_case.variables | here)
    for line in process.stdout:
        log = json.loads(line)
        if "api" in log:
            break
    yield of_case, f"http://{log['api']}", f"http://{log['admin']}"
    ended(process)


def a_token(azure, account):
    namespace, name = account.split("/")
    body = json.dumps({"namespace": namespace, "name": name, "audiences": ["api://mi-gateway"]}).encode()
    with urllib.request.urlopen(f"{azure['url']}/sandbox/callers/serviceaccount", body) as answer:
        return json.load(answer)["token"]


@pytest.fixture
def order(gateway, azure, tmp_path):
    """Runs the command of a schedule as the cluster would, with a token of `account`."""
    of_case, url, _ = gateway

    def ordering(name, account="ops/rel-mi-gateway-schedules", vms=None):
        token = tmp_path / "token"
        token.write_text(a_token(azure, account))
        pod = of_case("CronJob", name)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        assert f"ops/{pod['serviceAccountName']}" == "ops/rel-mi-gateway-schedules"
        (container,) = pod["containers"]
        command = [it.replace(TOKEN, str(token)) for it in container["command"]]
        if vms:
            command = [*command[: command.index("order") + 1], *vms]
        environment = {it["name"]: it["value"] for it in container["env"]}
        environment |= {"GATEWAY": url, "PATH": os.environ["PATH"]}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)

    return ordering


def test_a_day_of_office_hours(order):
    evening = order("evening")
    assert evening.returncode == 0, evening.stdout + evening.stderr
    assert evening.stdout.count('"status":"Succeeded"') == 2
    again = order("evening")
    assert again.returncode == 0 and again.stdout.count('"noop":true') == 2, again.stdout
    morning = order("morning")
    assert morning.returncode == 0, morning.stdout + morning.stderr
    night = order("night")
    assert night.returncode == 0 and '"action":"hibernate"' in night.stdout, night.stdout


def test_a_schedule_switches_no_other_machine(order):
    # Of a group that is named, a caller does not learn which machines it has (ADR 0031).
    other = order("evening", vms=["web-03"])
    assert other.returncode == 1 and '"code":"not_found"' in other.stdout, other.stdout


def test_another_account_is_not_let_in_by_its_policy(order):
    stranger = order("evening", account="ops/rel-mi-gateway")
    assert stranger.returncode == 1 and '"code":"forbidden"' in stranger.stdout, stranger.stdout


def test_helm_test_is_content(gateway):
    of_case, url, admin = gateway
    (container,) = of_case("Pod", "-test")["spec"]["containers"]
    environment = {"GATEWAY": url, "METRICS": admin, "PATH": os.environ["PATH"]}
    assert environment.keys() - {"PATH"} == {it["name"] for it in container["env"]}
    done = subprocess.run(container["command"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "mi_gateway_build_info" in done.stdout, done.stdout + done.stderr
    elsewhere = environment | {"GATEWAY": admin}
    done = subprocess.run(container["command"], env=elsewhere, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "401 is right" in done.stdout
