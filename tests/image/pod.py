"""The chart's Deployment, run by podman with a local Azure in its pod."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from check import DEALLOCATE, IMAGE, PATIENCE_SECONDS, ROOT, SANDBOX, ask, free_port, podman

HELM = ROOT / "target" / "chart" / "tools" / "helm4"
CHART = ROOT / "helm" / "mi-gateway"
BASE = "localhost/rust:local"

# What ci/podman.yaml names.
GATEWAY_IMAGE = "localhost/mi-gateway:ci"
SANDBOX_IMAGE = "localhost/azure-sandbox:ci"
AZURE = "http://127.0.0.1:4580"


def sandbox_image() -> None:
    """The local Azure of this build, in an image of its own."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SANDBOX, folder)
        recipe = f'FROM {BASE}\nCOPY azure-sandbox /\nENTRYPOINT ["/azure-sandbox"]\n'
        Path(folder, "Dockerfile").write_text(recipe)
        podman("build", "--quiet", "--tag", SANDBOX_IMAGE, folder)


class Pod:
    """What `helm template` renders, played by podman."""

    def __init__(self) -> None:
        self.api, self.admin = free_port(), free_port()
        self.objects = subprocess.run(
            [HELM, "template", "mi-gateway", CHART, "--skip-tests"]
            + ["--values", CHART / "ci" / "podman.yaml"]
            + ["--set", f"config.listen=0.0.0.0:{self.api}"]
            + ["--set", f"config.adminListen=0.0.0.0:{self.admin}"],
            capture_output=True,
            check=True,
        ).stdout
        self.play()

    def play(self, *options: str) -> None:
        command = ["podman", "play", "kube", *options, "-"]
        subprocess.run(command, input=self.objects, capture_output=True, check=True)

    def container(self, name: str) -> str:
        """The id of the pod's container of that name."""
        for line in podman("ps", "--format={{.ID}} {{.Names}}").splitlines():
            identity, names = line.split()
            if names.endswith(f"-{name}"):
                return identity
        raise LookupError(name)

    def within(self, *command: str) -> str:
        """What a command of this machine says that has the pod's network."""
        pid = podman("inspect", "--format={{.State.Pid}}", self.container("azure-sandbox"))
        done = subprocess.run(
            ["nsenter", f"--target={pid.strip()}", "--net", *command],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def issue(self) -> None:
        """Gives the gateway an assertion that the local Azure has issued."""
        sandbox = self.container("azure-sandbox")
        assertion = podman("exec", sandbox, "cat", self.assertion_file(sandbox))
        folder = podman("volume", "inspect", "--format={{.Mountpoint}}", "azure-assertion")
        Path(folder.strip(), "assertion").write_text(assertion)

    def assertion_file(self, sandbox: str) -> str:
        """Where the local Azure has it, as it says when it has started."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for line in podman("logs", sandbox).splitlines():
                _, found, path = line.partition("AZURE_FEDERATED_TOKEN_FILE=")
                if found:
                    return path.strip()
            time.sleep(0.2)
        raise TimeoutError(podman("logs", sandbox))

    def token(self) -> str:
        """A token of a caller who may do everything that an app role allows."""
        url = f"{AZURE}/sandbox/callers/token"
        return str(json.loads(self.within("curl", "--silent", "--data", "{}", url))["token"])

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                if ask(self.admin, "GET", "/readyz", "")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        raise TimeoutError(podman("logs", self.container("mi-gateway")))


class Played(unittest.TestCase):
    """What the Deployment does."""

    def test_it_serves_callers_in_a_pod(self) -> None:
        sandbox_image()
        podman("tag", IMAGE, GATEWAY_IMAGE)
        pod = Pod()
        self.addCleanup(pod.play, "--down")
        pod.issue()
        pod.wait_until_ready()
        token = pod.token()
        status, users = ask(pod.api, "GET", "/directory/users?department=Seinfeld", token)
        self.assertEqual(status, 200)
        self.assertTrue(users["value"])
        status, operation = ask(pod.api, "POST", f"{DEALLOCATE}?resourceGroup=rg-web", token, prefer="wait=20")
        self.assertEqual((status, operation["status"]), (200, "Succeeded"))


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"pod: {result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed != 0)
