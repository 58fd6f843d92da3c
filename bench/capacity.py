"""What one replica carries, and what makes it dearer: `make capacity`.

The gateway has the first core and is measured; the local Azure and the load share the
second. What counts is the gateway's processor time for a request and its resident memory,
and not how many requests a second the local Azure lets it make.
"""

import http.client
import json
import shutil
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cloud
import machine
from processes import Process, end_on_sigterm, free_port
from settings import BENCH, INSTALLED, LOAD_CORE, PROXY_CORE, TARGET, Settings, read
from tools import path_of

FOLDER = INSTALLED / "capacity"
# That of the local Azure's own machines, and that of its fleets.
SCOPES = f"/subscriptions/{cloud.SUBSCRIPTION},/subscriptions/f1ee7000-0000-4000-8000-000000000001"

FLEETS = (10, 1_000, 10_000)
DIRECTORIES = (1_000, 100_000)
CALLERS = 1_000

# Of the department there are more than a page holds.
DEPARTMENT = "Engineering"

# What takes the action that policies of one caller are for.
MACHINE = "/vms/web-01?resourceGroup=rg-web"

# Beside three that everybody needs, policies that are each for one caller.
PERMIT = """@id("{role}")
permit (principal in MiGateway::Role::"{role}", action in MiGateway::Action::"{group}", resource);
"""
OF_ONE = """@id("caller-{n}")
permit (
  principal == MiGateway::Caller::"{tenant}/00000000-0000-4000-8000-{n:012}",
  action == MiGateway::Action::"getVm",
  resource in MiGateway::ResourceGroup::"/subscriptions/{subscription}/resourcegroups/rg-{n}"
);
"""


@dataclass(frozen=True)
class Gateway:
    """One that runs before a local Azure, and a token for it."""

    process: Process
    sandbox: str
    port: int
    admin: int
    token: str

    def resident(self) -> float:
        """MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        line = next(it for it in status.splitlines() if it.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


@contextmanager
def running(
    settings: Settings, options: list[str], **variables: str
) -> Iterator[Gateway]:
    """A gateway with everything on, when it is ready."""
    serve = ["serve", "--json", "--listen", "127.0.0.1:0", "--no-throttles", *options]
    own = FOLDER / "gateway"
    own.mkdir(parents=True, exist_ok=True)
    with Process([str(settings.sandbox), *serve], LOAD_CORE, FOLDER / "azure") as azure:
        told = json.loads(cloud.first_line(azure))
        port, admin = free_port(), free_port()
        environment = told["environment"] | {
            "MIG_SCOPES": SCOPES,
            "MIG_LISTEN": f"127.0.0.1:{port}",
            "MIG_ADMIN_LISTEN": f"127.0.0.1:{admin}",
            "MIG_WORKERS": "1",
            "MIG_AUTH": "entra",
            "MIG_AUTH_TENANT": cloud.TENANT,
            "MIG_AUTH_AUDIENCE": cloud.AUDIENCE,
            "MIG_AUDIT_FILE": str(own / "audit.jsonl"),
            "MIG_CALLER_CHANGES": "1000000/1s",
            **variables,
        }
        command = [str(settings.gateway)]
        with Process(command, PROXY_CORE, FOLDER / "output", environment, own) as process:
            process.await_port(admin)
            token = caller(told["url"], {})
            gateway = Gateway(process, told["url"], port, admin, token)
            await_ready(gateway)
            yield gateway


def caller(sandbox: str, about: Mapping[str, object]) -> str:
    """A token for the gateway's API."""
    body = json.dumps(about).encode()
    token: str = cloud.get(f"{sandbox}/sandbox/callers/token", body)["token"]
    return token


def await_ready(gateway: Gateway) -> None:
    while status(gateway.admin, "/readyz") != 200:
        gateway.process.must_live()
        time.sleep(0.01)


def await_users(gateway: Gateway) -> None:
    """Until a whole round of questions for changes has been made."""
    name = b"\nmi_gateway_directory_replica_as_of_timestamp_seconds 1"
    url = f"http://127.0.0.1:{gateway.admin}/metrics"
    while name not in cloud.OPENER.open(url, timeout=60).read():
        gateway.process.must_live()
        time.sleep(0.05)


def status(port: int, path: str) -> int:
    try:
        with cloud.OPENER.open(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def cost(gateway: Gateway, path: str, method: str = "GET", seconds: int = 3) -> float:
    """Microseconds of processor for a request to `path`, sixteen at once."""
    load(gateway, method, path, 1)
    before = gateway.process.cpu_seconds()
    requests = load(gateway, method, path, seconds)
    return (gateway.process.cpu_seconds() - before) / requests * 1e6


def load(gateway: Gateway, method: str, path: str, seconds: int) -> int:
    script = [str(BENCH / "wrk" / "load.lua"), f"http://127.0.0.1:{gateway.port}", "--"]
    command = ["taskset", "--cpu-list", str(LOAD_CORE), path_of("wrk") or "wrk"]
    options = ["-t1", "-c16", f"-d{seconds}s", "--timeout", "30s", "-s"]
    told = subprocess.run(
        [*command, *options, *script, method, path, gateway.token],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    counted = json.loads(told.stdout.splitlines()[-1])
    if counted["failed"] or not counted["requests"]:
        raise SystemExit(f"{method} {path}: {counted}")
    return int(counted["requests"])


def readers(gateway: Gateway, number: int) -> list[str]:
    """Tokens of so many callers."""
    names = [f"caller-{n}" for n in range(number)]
    about = [{"caller": {"app": name}, "roles": ["Vm.Read"]} for name in names]
    return [caller(gateway.sandbox, it) for it in about]


def by_each(gateway: Gateway, tokens: list[str], path: str) -> float:
    """Microseconds of processor for a request, one of each of `tokens`."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    before = gateway.process.cpu_seconds()
    for token in tokens:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
    return (gateway.process.cpu_seconds() - before) / len(tokens) * 1e6


def machines(settings: Settings) -> Iterator[tuple[str, ...]]:
    yield ("VMs", "one VM, µs", "a page of VMs, µs", "MiB")
    for number in FLEETS:
        with running(settings, ["--fleet", str(number)]) as gateway:
            one = cost(gateway, "/vms/fleet-00001")
            page = cost(gateway, "/vms?top=100")
            yield (f"{number:,}", f"{one:.0f}", f"{page:.0f}", f"{gateway.resident():.1f}")


def users(settings: Settings) -> Iterator[tuple[str, ...]]:
    yield ("users", "directory", "all there after, s", "a page of 100, µs", "MiB")
    for number in DIRECTORIES:
        for mode in ("direct", "replica"):
            with running(
                settings, ["--users", str(number)], MIG_DIRECTORY=mode
            ) as gateway:
                started = time.monotonic()
                if mode == "replica":
                    await_users(gateway)
                took = time.monotonic() - started
                path = f"/directory/users?department={DEPARTMENT}&top=100"
                page = cost(gateway, path)
                yield (
                    f"{number:,}",
                    mode,
                    f"{took:.1f}",
                    f"{page:.0f}",
                    f"{gateway.resident():.1f}",
                )


def policies(settings: Settings) -> Iterator[tuple[str, ...]]:
    yield (
        "policies",
        "GET /vms/{name}, µs",
        "decided anew, µs",
        "the next of each, µs",
        "MiB",
    )
    base = [
        PERMIT.format(role=role, group=group)
        for role, group in (
            ("Vm.Read", "read"),
            ("Vm.Operate", "operate"),
            ("Directory.Read", "directory"),
        )
    ]
    of_one = [
        OF_ONE.format(n=n, tenant=cloud.TENANT, subscription=cloud.SUBSCRIPTION)
        for n in range(997)
    ]
    for texts in (base, base + of_one):
        file = FOLDER / "policies.cedar"
        file.write_text("\n".join(texts), encoding="utf-8")
        with running(settings, [], MIG_POLICY_FILE=str(file)) as gateway:
            one = cost(gateway, MACHINE)
            resident = gateway.resident()
            tokens = readers(gateway, CALLERS)
            # No policy is asked, and their signatures are checked by then.
            by_each(gateway, tokens, "/openapi.yaml")
            anew, then = (by_each(gateway, tokens, MACHINE) for _ in range(2))
            yield (
                f"{len(texts):,}",
                f"{one:.0f}",
                f"{anew:.0f}",
                f"{then:.0f}",
                f"{resident:.1f}",
            )


def callers(settings: Settings) -> Iterator[tuple[str, ...]]:
    yield ("callers", "first request of each, µs", "the next of each, µs", "MiB")
    for number in (1, CALLERS):
        with running(settings, []) as gateway:
            tokens = readers(gateway, number)
            path = "/identity"
            first = by_each(gateway, tokens, path)
            then = by_each(gateway, tokens * (CALLERS // number), path)
            yield (
                f"{number:,}",
                f"{first:.0f}",
                f"{then:.0f}",
                f"{gateway.resident():.1f}",
            )


def table(rows: Iterator[tuple[str, ...]]) -> str:
    lines = []
    for row in rows:
        print(*row, sep="\t", file=sys.stderr)
        lines.append(f"| {' | '.join(row)} |")
    lines.insert(1, "|---" * lines[0].count(" | ") + "|---|")
    return "\n".join(lines) + "\n"


def main() -> None:
    settings = read()
    end_on_sigterm()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    about = ", ".join(f"{name} {value}" for name, value in machine.description().items())
    parts = [
        f"## {title}\n\n{table(rows(settings))}"
        for title, rows in (
            ("Virtual machines", machines),
            ("Users", users),
            ("Policies", policies),
            ("Callers", callers),
        )
    ]
    text = f"# Capacity\n\n{about}\n\n" + "\n".join(parts)
    (TARGET / "capacity.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
