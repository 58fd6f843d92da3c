"""A local Azure for one job: started, told what is to happen in it, and stopped."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

BINARY = Path(__file__).parents[3] / "target" / "debug" / "azure-sandbox"

# What any host might set, and what leads clients elsewhere: a job sees only what
# its own sandbox sets.
FOREIGN = (
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "AZURE_REGIONAL_AUTHORITY_NAME",
    "AZURE_TENANT_ID",
    "ALL_PROXY",
    "DEFAULT_IDENTITY_CLIENT_ID",
    "HTTP_PROXY",
    "IDENTITY_API_VERSION",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSAL_FORCE_REGION",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "SSL_CERT_DIR",
    "all_proxy",
    "http_proxy",
)


class Sandbox:
    """It serves from `__init__` on, until it is stopped."""

    def __init__(self, host: str, *options: str) -> None:
        binary = os.environ.get("AZURE_SANDBOX", str(BINARY))
        command = [binary, "serve", "--json", "--listen", "127.0.0.1:0", "--tls", "--as", host]
        self._process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
        told = json.loads(self._process.stdout.readline())
        self.url: str = told["url"]
        self.environment: dict[str, str] = told["environment"]
        # The control path is reached beside the proxy of the environment.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()

    def get(self, path: str):
        return self._ask("GET", path)

    def post(self, path: str, body=None):
        return self._ask("POST", path, body or {})

    def patch(self, path: str, body):
        return self._ask("PATCH", path, body)

    def put(self, path: str, body):
        return self._ask("PUT", path, body)

    def fault(self, service: str, fault, times: int | None = None) -> None:
        """`fault` for the next `times` requests to `service`, or all from now on."""
        order = {"service": service, "fault": fault}
        self.post("faults", order if times is None else {**order, "times": times})

    def power_state(self, group: str, name: str, subscription: str) -> str:
        """As the sandbox itself has it, whatever it tells its clients."""
        wanted = (subscription, group, name)
        machines = self.get("vms")["value"]
        [state] = [
            it["powerState"]
            for it in machines
            if (it["subscriptionId"], it["resourceGroup"], it["name"]) == wanted
        ]
        return state

    def requests(self, service: str) -> list[tuple[str, str]]:
        """Method and path of what was asked of `service`, in order."""
        asked = self.get("requests")["value"]
        return [(it["method"], it["path"]) for it in asked if it["service"] == service]

    def unexpected(self) -> list:
        """What was asked that this Azure does not know."""
        return self.get("unexpected")["value"]

    def _ask(self, method: str, path: str, body=None):
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/sandbox/{path}", content, method=method)
        with self._opener.open(request, timeout=10) as answer:
            return json.load(answer)
