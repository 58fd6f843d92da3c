"""Schedules order what they say, and fail when that fails."""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

KUBERNETES = {"auth": "kubernetes", "authAudience": [], "authKubernetesAudience": "api://mi-gateway"}
GROUP = {"subscriptionId": "5ab1e000-0000-4000-8000-000000000001", "resourceGroup": "rg-web"}
TOKEN = "/var/run/secrets/mi-gateway/caller/token"


def schedule(**more):
    return {"name": "evening", "schedule": "0 19 * * 1-5", "action": "deallocate", "vms": ["web-01"]} | more


@pytest.fixture
def job(minimal):
    """Renders one schedule: the CronJob, and its pod."""

    def rendering(values=None, **more):
        values = {"config": KUBERNETES} | (values or {})
        rendered = minimal(values | {"schedules": [schedule(**more)]})
        cron = rendered("CronJob")
        return cron, cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]

    return rendering


def test_a_schedule_is_a_cron_job(job):
    cron, _ = job(timeZone="Europe/Berlin", suspend=True)
    assert cron["metadata"]["name"] == "rel-mi-gateway-evening"
    spec = cron["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("0 19 * * 1-5", "Europe/Berlin")
    assert spec["concurrencyPolicy"] == "Forbid" and spec["suspend"] is True
    assert job()[0]["spec"]["timeZone"] == "Etc/UTC"


def test_it_calls_with_a_token_of_its_own_account(job, minimal):
    _, pod = job()
    assert pod["serviceAccountName"] == "rel-mi-gateway-schedules"
    assert pod["automountServiceAccountToken"] is False
    (token,) = pod["volumes"][0]["projected"]["sources"]
    assert token["serviceAccountToken"]["audience"] == "api://mi-gateway"
    account = minimal({"config": KUBERNETES, "schedules": [schedule()]})("ServiceAccount", "-schedules")
    assert "annotations" not in account["metadata"], "it is nobody in Azure"


def test_with_oidc_the_token_is_for_the_issuers_audience(job):
    oidc = {"auth": "oidc", "authAudience": [], "authIssuers": ["https://a.example.com/=api://b=c"]}
    _, pod = job({"config": oidc})
    assert pod["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["audience"] == "api://b=c"
    _, pod = job({"config": oidc, "scheduler": {"audience": "own"}})
    assert pod["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["audience"] == "own"


def test_what_would_be_done_twice_is_not_tried_again(job):
    for action, limit in (("start", 3), ("hibernate", 3), ("restart", 0), ("redeploy", 0)):
        cron, pod = job(action=action)
        assert cron["spec"]["jobTemplate"]["spec"]["backoffLimit"] == limit
        assert ("--retry" in pod["containers"][0]["command"][2]) == (limit > 0)


def test_a_pod_that_waits_for_a_node_has_its_time_all_the_same(job):
    cron, pod = job({"scheduler": {"wait": 30, "startingDeadlineSeconds": 900}}, vms=["web-01", "web-02"])
    machine = 30 + 20 + 90
    assert "--max-time \"$((WAIT + 20))\"" in pod["containers"][0]["command"][2]
    assert "--retry-max-time 90 " in pod["containers"][0]["command"][2]
    assert cron["spec"]["startingDeadlineSeconds"] == 900
    assert cron["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] >= 900 + 2 * machine


def test_its_pods_are_restricted(job):
    _, pod = job()
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"]
    own = pod["containers"][0]["securityContext"]
    assert own["capabilities"] == {"drop": ["ALL"]} and own["readOnlyRootFilesystem"]


def test_a_policy_is_held_to_the_group_that_a_schedule_names(minimal):
    rendered = minimal({"config": KUBERNETES, "schedules": [schedule(**GROUP)]})
    group = "/subscriptions/5ab1e000-0000-4000-8000-000000000001/resourceGroups/rg-web"
    assert f'resource is MiGateway::Vm in MiGateway::ResourceGroup::"{group}"' in rendered("ConfigMap", "-policies")["data"]["schedules.cedar"]
    for own in ({"schedules": False}, {"existingConfigMap": "company"}):
        of_group = {"config": KUBERNETES, "policies": own, "schedules": [schedule(resourceGroup="rg-web")]}
        assert minimal(of_group), "policies of somebody else's"


def test_its_account_may_do_that_and_nothing_else(minimal):
    rendered = minimal({"config": KUBERNETES, "schedules": [schedule(vms=["a", "b"])]})
    policies = rendered("ConfigMap", "-policies")["data"]
    assert policies.keys() == {"default.cedar", "schedules.cedar"}
    own = policies["schedules.cedar"]
    assert 'principal == MiGateway::Caller::"system:serviceaccount:ops:rel-mi-gateway-schedules"' in own
    assert 'action == MiGateway::Action::"deallocate"' in own
    assert 'resource.name == "a"' in own and 'resource.name == "b"' in own
    with_own = {"files": {"x.cedar": "y"}}
    rendered = minimal({"config": KUBERNETES, "schedules": [schedule()], "policies": with_own})
    assert rendered("ConfigMap", "-policies")["data"].keys() == {"x.cedar", "schedules.cedar"}
    with_own["schedules"] = False
    rendered = minimal({"config": KUBERNETES, "schedules": [schedule()], "policies": with_own})
    assert rendered("ConfigMap", "-policies")["data"].keys() == {"x.cedar"}


class Gateway:
    """Answers every order with the next of `answers`, the last of them for ever."""

    def __init__(self, answers):
        self.answers, self.orders = list(answers), []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                gateway.orders.append((self.path, self.headers["authorization"], self.headers["prefer"]))
                status, body = gateway.answers.pop(0) if len(gateway.answers) > 1 else gateway.answers[0]
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def ordering(job, tmp_path):
    """Runs the command of a schedule before a gateway that answers so."""
    if not shutil.which("curl"):
        pytest.skip("there is no curl")
    token = tmp_path / "token"
    token.write_text("header.payload.signature\n")

    def running(answers, **more):
        gateway = Gateway(answers)
        _, pod = job({"scheduler": {"url": gateway.url, "wait": 1}}, **more)
        (container,) = pod["containers"]
        command = [it.replace(TOKEN, str(token)) for it in container["command"]]
        environment = {it["name"]: it["value"] for it in container["env"]}
        done = subprocess.run(command, env=environment | {"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
        gateway.server.shutdown()
        return done, gateway.orders

    return running


DONE = (200, b'{"id":"x","status":"Succeeded"}')


def test_every_machine_is_ordered(ordering):
    done, orders = ordering([DONE], vms=["web-01", "web-02"], supersede=True, **GROUP)
    assert done.returncode == 0, done.stderr
    bearer = "Bearer header.payload.signature"
    where = "subscriptionId=5ab1e000-0000-4000-8000-000000000001&resourceGroup=rg-web"
    assert orders == [
        (f"/vms/web-01/deallocate?{where}&supersede=true", bearer, "wait=1"),
        (f"/vms/web-02/deallocate?{where}&supersede=true", bearer, "wait=1"),
    ]
    assert "web-02: " in done.stdout and "signature" not in done.stdout


def test_hibernation_is_a_way_to_deallocate(ordering):
    _, orders = ordering([DONE], action="hibernate")
    assert orders[0][0] == "/vms/web-01/deallocate?hibernate=true"
    assert ordering([DONE], action="powerOff")[1][0][0] == "/vms/web-01/powerOff"


@pytest.mark.parametrize(
    "answer",
    [(403, b'{"code":"forbidden"}')]
    + [(200, b'{"id":"x","status":"%s"}' % it) for it in (b"Failed", b"Canceled", b"Unknown")],
)
def test_a_refusal_and_a_failure_fail_the_job_after_all_machines(ordering, answer):
    done, orders = ordering([answer, DONE], vms=["web-01", "web-02"])
    assert done.returncode == 1 and len(orders) == 2
    assert answer[1].decode() in done.stdout


def test_an_order_that_was_overtaken_fails_the_job_and_overtakes_nobody(ordering, job):
    done, orders = ordering([(200, b'{"id":"x","status":"Superseded"}'), DONE], vms=["web-01", "web-02"])
    assert len(orders) == 2
    (rule,) = job()[0]["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"] == {"containerName": "order", "operator": "In", "values": [done.returncode]}


def test_what_is_under_way_is_no_failure(ordering):
    assert ordering([(202, b'{"id":"x","status":"InProgress"}')])[0].returncode == 0


def test_a_gateway_that_is_not_there_yet_is_asked_again_unless_that_is_dangerous(ordering):
    busy = (503, b'{"code":"unavailable"}')
    done, orders = ordering([busy, DONE], action="start")
    assert done.returncode == 0 and len(orders) == 2
    done, orders = ordering([busy, DONE], action="restart")
    assert done.returncode == 1 and len(orders) == 1
