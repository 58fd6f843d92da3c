"""Whom the chart's own callers believe: the authority in the Secret, or those that everybody knows."""

import os
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

KUBERNETES = {"auth": "kubernetes", "authAudience": [], "authKubernetesAudience": "api://mi-gateway"}
SCHEDULE = {"name": "evening", "schedule": "0 19 * * 1-5", "action": "deallocate", "vms": ["web-01"]}
CA = "/etc/mi-gateway/ca/ca.crt"


class Gateway(BaseHTTPRequestHandler):
    """Lets nobody look, and does what is ordered."""

    def do_GET(self):
        self.answered(401, b"")

    def do_POST(self):
        self.answered(200, b'{"id":"x","status":"Succeeded"}')

    def answered(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def offered(tmp_path):
    """A gateway over TLS: its URL, and who vouches for it."""
    if not shutil.which("curl") or not shutil.which("openssl"):
        pytest.skip("there is no curl or no openssl")
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    making = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=gateway -days 1"
    making += f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    subprocess.run(making.split(), check=True, capture_output=True, timeout=60)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}", certificate
    server.shutdown()


def pods(minimal, scheduler):
    """That of a schedule, and that of `helm test`."""
    values = {"config": KUBERNETES, "schedules": [SCHEDULE], "tls": {"secretName": "certificate"}}
    rendered = minimal(values | {"scheduler": scheduler, "metrics": {"service": {"enabled": False}}})
    return rendered("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"], rendered("Pod", "-test")["spec"]


@pytest.mark.parametrize("authority", ["of the Secret", "of everybody's, with no file", "of everybody's, with an empty file"])
def test_the_gateway_is_believed(minimal, offered, tmp_path, authority):
    url, certificate = offered
    of_the_secret = tmp_path / "ca.crt"
    known = {"CURL_CA_BUNDLE": str(certificate)}
    if authority == "of the Secret":
        shutil.copy(certificate, of_the_secret)
        known = {}
    elif "empty" in authority:
        of_the_secret.touch()
    for pod in pods(minimal, {"url": url}):
        (container,) = pod["containers"]
        command = [it.replace(CA, str(of_the_secret)) for it in container["command"]]
        environment = {it["name"]: it["value"] for it in container["env"]} | known
        environment["PATH"] = os.environ["PATH"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_certificate_that_everybody_knows_takes_no_authority_in_its_secret(minimal):
    def volumes(scheduler):
        return [volume["secret"] for pod in pods(minimal, scheduler) for volume in pod["volumes"] if volume["name"] == "ca"]

    assert [it["optional"] for it in volumes({})] == [True, True]
    named = volumes({"tls": {"caSecretName": "authority"}})
    assert [(it["secretName"], it.get("optional", False)) for it in named] == [("authority", False)] * 2
