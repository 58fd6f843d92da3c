"""The image, run by podman in front of a local Azure on this machine."""

import json
import os
import subprocess
import sys
import threading
import time
import tomllib
import unittest
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from socket import create_server
from urllib.request import ProxyHandler, Request, build_opener

ROOT = Path(__file__).resolve().parents[2]
IMAGE = os.environ.get("IMAGE", "localhost/mi-gateway:local")
SANDBOX = ROOT / "target" / "debug" / "azure-sandbox"
SBOM = ROOT / "target" / "image" / "mi-gateway.cdx.json"

PATIENCE_SECONDS = 30.0
OPERATION_SECONDS = 3

# What is promised of the image.
MOST_BYTES = 25_000_000
MOST_START_SECONDS = 0.1
STARTS = 5
MOST_IDLE_BYTES = 15 << 20
MEMORY = "64m"
UID = 65532

# The tenant of the local Azure, and the gateway's application in it.
AUTHENTICATION = {
    "MIG_AUTH": "entra",
    "MIG_AUTH_TENANT": "7b31ddc4-0000-4000-8000-5a4d0bca1a11",
    "MIG_AUTH_AUDIENCE": "6a7e0a91-0000-4000-8000-0000000a9100",
}
DEALLOCATE = "/vms/web-01/deallocate"

# The environment may name a proxy, which has no business on loopback.
DIRECT = build_opener(ProxyHandler({}))


def podman(*arguments: str) -> str:
    """What podman says to `arguments`."""
    done = subprocess.run(
        ["podman", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"podman {arguments[0]}: {done.stderr}")
    return done.stdout


def free_port() -> int:
    with closing(create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def ask(port: int, method: str, path: str, token: str, **headers: str) -> tuple[int, dict]:
    """The status of an answer on this machine, and what it says."""
    request = Request(f"http://127.0.0.1:{port}{path}", method=method)
    for name, value in {"authorization": f"Bearer {token}", **headers}.items():
        request.add_header(name, value)
    with DIRECT.open(request, timeout=PATIENCE_SECONDS) as answer:
        return answer.status, json.load(answer)


class Azure:
    """A local Azure."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [SANDBOX, "serve", "--json", "--listen", "127.0.0.1:0"]
            + ["--operation-takes", f"{OPERATION_SECONDS}s"],
            stdout=subprocess.PIPE,
            text=True,
        )
        told = json.loads(self.process.stdout.readline())
        self.url: str = told["url"].rstrip("/")
        self.environment: dict[str, str] = told["environment"]

    def token(self) -> str:
        """A token of a caller who may do everything that an app role allows."""
        url = f"{self.url}/sandbox/callers/token"
        with DIRECT.open(url, data=b"{}", timeout=PATIENCE_SECONDS) as answer:
            return str(json.load(answer)["token"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)
        self.process.stdout.close()


class Container:
    """The gateway in a container that may do as little as a pod may."""

    def __init__(self, azure: Azure) -> None:
        self.api, self.admin = free_port(), free_port()
        variables = {
            **azure.environment,
            **AUTHENTICATION,
            "MIG_LISTEN": f"127.0.0.1:{self.api}",
            "MIG_ADMIN_LISTEN": f"127.0.0.1:{self.admin}",
            "MIG_SHUTDOWN_DELAY": "1s",
        }
        self.answered = 0.0
        self.looking = threading.Thread(target=self.look)
        self.looking.start()
        settings = [f"--env={name}={value}" for name, value in variables.items()]
        self.id = podman(
            *("run", "--detach", "--network=host", "--read-only", "--cap-drop=all"),
            *("--security-opt=no-new-privileges", f"--memory={MEMORY}", *settings),
            IMAGE,
        ).strip()

    def pid(self) -> int:
        return int(podman("inspect", "--format={{.State.Pid}}", self.id))

    def resident(self) -> int:
        """Bytes of memory that are in use."""
        status = Path(f"/proc/{self.pid()}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) << 10

    def first_answer(self) -> float:
        """Seconds from the beginning of the process to its first 200, to a hundredth."""
        fields = Path(f"/proc/{self.pid()}/stat").read_text().rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        self.looking.join(PATIENCE_SECONDS)
        return self.answered - began

    def look(self) -> None:
        """Notes the first 200: podman says late that the process has begun."""
        self.wait_for("/livez")
        self.answered = time.clock_gettime(time.CLOCK_BOOTTIME)

    def wait_for(self, path: str) -> None:
        """Returns when the admin listener answers `path` with 200."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                with closing(HTTPConnection("127.0.0.1", self.admin, timeout=5)) as it:
                    it.request("GET", path)
                    if it.getresponse().status == 200:
                        return
            except OSError:
                pass
            time.sleep(0.001)
        raise TimeoutError(path)

    def ask(self, method: str, path: str, token: str, **headers: str) -> tuple[int, dict]:
        """The status of an answer of the API, and what it says."""
        return ask(self.api, method, path, token, **headers)

    def stop(self) -> int:
        """The exit code, after the gateway was told to end."""
        podman("stop", "--time=60", self.id)
        return int(podman("inspect", "--format={{.State.ExitCode}}", self.id))

    def remove(self) -> None:
        podman("rm", "--force", "--time=0", self.id)


class Facts(unittest.TestCase):
    """What the image is."""

    def setUp(self) -> None:
        (self.image,) = json.loads(podman("image", "inspect", IMAGE))

    def test_it_is_small(self) -> None:
        print(f"size: {self.image['Size'] / 1e6:.1f} MB")
        self.assertLessEqual(self.image["Size"], MOST_BYTES)

    def test_it_runs_as_nobody(self) -> None:
        self.assertEqual(self.image["Config"]["User"], f"{UID}:{UID}")

    def test_it_says_what_it_is(self) -> None:
        told = {name.rpartition(".")[2]: it for name, it in self.image["Labels"].items()}
        for name in ("title", "description", "licenses", "version", "created"):
            self.assertTrue(told.get(name), name)
        command = ["git", "-C", ROOT, "rev-parse", "HEAD"]
        revision = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        self.assertEqual(told["revision"], revision.strip())

    def test_it_has_no_other_program(self) -> None:
        for program in ("/bin/sh", "/usr/bin/env", "sh"):
            with self.assertRaises(RuntimeError):
                podman("run", "--rm", "--entrypoint", program, IMAGE)

    def test_its_bill_of_materials_is_of_what_is_locked(self) -> None:
        lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
        locked = {f"{it['name']}@{it['version']}" for it in lock["package"]}
        components = json.loads(SBOM.read_text())["components"]
        cargo = [it["purl"] for it in components if it.get("purl", "").startswith("pkg:cargo/")]
        found = {purl.removeprefix("pkg:cargo/") for purl in cargo}
        self.assertLessEqual(found, locked)
        names = {it.partition("@")[0] for it in found}
        self.assertLessEqual({"actix-web", "awc", "aws-lc-rs", "cedar-policy", "moka"}, names)

    def test_its_dependencies_can_be_read_from_it(self) -> None:
        container = podman("create", IMAGE).strip()
        try:
            program = subprocess.run(
                ["podman", "cp", f"{container}:/mi-gateway", "-"],
                capture_output=True,
                check=True,
            ).stdout
        finally:
            podman("rm", container)
        self.assertIn(b".dep-v0", program)


class Life(unittest.TestCase):
    """What becomes of a container."""

    def setUp(self) -> None:
        self.azure = Azure()
        self.addCleanup(self.azure.stop)
        self.container = Container(self.azure)
        self.addCleanup(self.container.remove)

    def test_it_starts_at_once(self) -> None:
        """By the fastest of its starts: what else the machine does is not the image's."""
        ages = [self.container.first_answer()]
        while len(ages) < STARTS:
            container = Container(self.azure)
            ages.append(container.first_answer())
            container.remove()
        print("first 200 after", ", ".join(f"{age * 1000:.0f}" for age in ages), "ms")
        self.assertLess(min(ages), MOST_START_SECONDS)

    def test_it_idles_in_little_memory(self) -> None:
        self.container.wait_for("/readyz")
        resident = self.container.resident()
        print(f"idle with {resident / (1 << 20):.1f} MiB")
        self.assertLess(resident, MOST_IDLE_BYTES)

    def test_it_serves_callers_and_its_health_check(self) -> None:
        self.container.wait_for("/readyz")
        podman("exec", self.container.id, "/mi-gateway", "healthcheck", "--ready")
        token = self.azure.token()
        status, users = self.container.ask("GET", "/directory/users?department=Seinfeld", token)
        self.assertEqual(status, 200)
        self.assertTrue(users["value"])
        status, operation = self.container.ask("POST", DEALLOCATE, token, prefer="wait=20")
        self.assertEqual((status, operation["status"]), (200, "Succeeded"))

    def test_it_ends_what_is_under_way_and_loses_nothing(self) -> None:
        self.container.wait_for("/readyz")
        token = self.azure.token()
        answers: list[tuple[int, dict]] = []

        def order() -> None:
            answers.append(self.container.ask("POST", DEALLOCATE, token, prefer="wait=20"))

        caller = threading.Thread(target=order)
        caller.start()
        self.wait_until_sent()
        began = time.monotonic()
        self.assertEqual(self.container.stop(), 0)
        took = time.monotonic() - began
        caller.join(PATIENCE_SECONDS)
        print(f"stopped after {took:.1f} s, an operation of {OPERATION_SECONDS} s under way")
        ((status, operation),) = answers
        self.assertEqual((status, operation["status"]), (202, "InProgress"))
        lines = [json.loads(line) for line in podman("logs", self.container.id).splitlines()]
        stages = [line["unmapped"]["stage"] for line in lines if line.get("class_uid") == 6003]
        self.assertEqual(stages, ["intent", "outcome"])
        successor = Container(self.azure)
        self.addCleanup(successor.remove)
        successor.wait_for("/readyz")
        self.assertEqual(self.ended(successor, operation["id"], token), "Succeeded")

    def ended(self, container: Container, operation: str, token: str) -> str:
        """How an operation ended, as a gateway says that did not begin it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            _, it = container.ask("GET", f"/operations/{operation}", token)
            if it["status"] != "InProgress":
                return str(it["status"])
            time.sleep(0.2)
        raise TimeoutError(operation)

    def wait_until_sent(self) -> None:
        """Returns when the record says that the change is sent."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while '"intent"' not in podman("logs", self.container.id):
            self.assertLess(time.monotonic(), deadline, "nothing is sent")
            time.sleep(0.05)


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"image: {result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed != 0)
