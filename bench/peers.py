"""How each peer is started: what it is told, and where callers find it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cloud
from cloud import Azure
from processes import Process, free_port
from settings import BENCH, INSTALLED, LOOKING, PROXY_CORE, Settings, made_of
from tools import path_of

RESOURCE_GROUP = f"/subscriptions/{cloud.SUBSCRIPTION}/resourceGroups/{cloud.GROUP}"

# More than any machine makes: the limits are kept, and never reached.
LIMIT = "1000000/1s"


@dataclass(frozen=True)
class Peer:
    """One of those that are compared, while it runs."""

    name: str
    port: int
    process: Process
    # What its callers have to show.
    token: str | None = None
    # Where it tells how it is, if it has a port for that.
    admin: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Start:
    """What is known when a peer is started."""

    name: str
    settings: Settings
    azure: Azure
    folder: Path
    port: int
    # Whether a page of users may be handed out again.
    cached: bool

    @property
    def looks(self) -> str:
        """Whether it looks at a machine before an order, as a variable says it."""
        return str(self.name in LOOKING).lower()


def start(name: str, settings: Settings, to: Azure, folder: Path, cached: bool) -> Peer:
    """Starts the peer `name` on a free port; it may not listen yet."""
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    it = Start(name, settings, to, own, free_port(), cached)
    command, environment = COMMANDS[made_of(name)](it)
    process = Process(command, PROXY_CORE, own / "output", environment, own)
    token = to.caller if name == "gateway-full" else None
    admin = environment.get("MIG_ADMIN_LISTEN")
    return Peer(name, it.port, process, token, admin and int(admin.rpartition(":")[2]))


Command = tuple[list[str], dict[str, str]]


def _nginx(it: Start) -> Command:
    text = _filled(
        BENCH / "nginx" / "nginx.conf", it, cache="users" if it.cached else "off"
    )
    file = it.folder / "nginx.conf"
    file.write_text(text, encoding="utf-8")
    command = [
        path_of("nginx") or "nginx",
        "-e",
        str(it.folder / "error.log"),
        "-c",
        str(file),
    ]
    return command, {}


def _haproxy(it: Start) -> Command:
    cached = {
        "cache_use": "http-request cache-use users if METH_GET",
        # Graph forbids to keep a page, and HAProxy would heed it.
        "cache_store": "http-response set-header Cache-Control public,max-age=30\n"
        "    http-response del-header Vary\n    http-response cache-store users",
    }
    none = dict.fromkeys(cached, "")
    text = _filled(
        BENCH / "haproxy" / "haproxy.cfg", it, **(cached if it.cached else none)
    )
    file = it.folder / "haproxy.cfg"
    file.write_text(text, encoding="utf-8")
    return [path_of("haproxy") or "haproxy", "-db", "-q", "-f", str(file)], {}


def _actix_awc(it: Start) -> Command:
    return [str(it.settings.plain_proxy)], {
        "LISTEN": f"127.0.0.1:{it.port}",
        "AZURE": it.azure.url,
        "TOKEN": it.azure.token,
        "GROUP": RESOURCE_GROUP,
        "SELECT": cloud.SELECT,
        "CACHE": str(it.cached).lower(),
        "LOOK": it.looks,
    }


def _filled(template: Path, it: Start, **more: str) -> str:
    return template.read_text(encoding="utf-8").format(
        folder=it.folder,
        azure=it.azure.address,
        listen=f"127.0.0.1:{it.port}",
        token=it.azure.token,
        group=RESOURCE_GROUP,
        select=cloud.SELECT,
        **more,
    )


def _gateway_bare(it: Start) -> Command:
    own = {
        "MIG_AUTH": "none",
        "MIG_LOG": "error",
        "MIG_AUDIT_FILE": "/dev/null",
        "MIG_CALLER_CHANGES": "off",
        "MIG_OPERATION_LIMIT": "1000000",
    }
    return [str(it.settings.gateway)], _gateway(it) | own


def _gateway_full(it: Start) -> Command:
    own = {
        "MIG_AUTH": "entra",
        "MIG_AUTH_TENANT": cloud.TENANT,
        "MIG_AUTH_AUDIENCE": cloud.AUDIENCE,
        "MIG_ENTRA_ENDPOINT": it.azure.issuer,
        "MIG_LOG": "info",
        "MIG_LOG_FORMAT": "json",
        "MIG_AUDIT_FILE": str(it.folder / "audit.jsonl"),
        "MIG_CALLER_CHANGES": LIMIT,
        "MIG_GROUP_CHANGES": LIMIT,
        "MIG_OPERATION_LIMIT": "1000000",
        "OTEL_EXPORTER_OTLP_ENDPOINT": it.azure.url,
    }
    return [str(it.settings.gateway)], _gateway(it) | own


def _gateway(it: Start) -> dict[str, str]:
    return _identity(it) | {
        "MIG_LISTEN": f"127.0.0.1:{it.port}",
        "MIG_ADMIN_LISTEN": f"127.0.0.1:{free_port()}",
        "MIG_WORKERS": "1",
        "MIG_SCOPES": RESOURCE_GROUP,
        "MIG_ARM_ENDPOINT": it.azure.url,
        "MIG_GRAPH_ENDPOINT": it.azure.url,
    }


def _fastapi(it: Start) -> Command:
    uvicorn = INSTALLED / "fastapi" / "bin" / "uvicorn"
    options = [
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "--no-access-log",
        "--workers",
        "1",
    ]
    place = ["--app-dir", str(BENCH / "fastapi"), "--port", str(it.port)]
    return [str(uvicorn), "service:app", *options, *place], _service(it)


def _fastify(it: Start) -> Command:
    # Modules are looked for from where a file is: it goes beside what is installed.
    service = INSTALLED / "fastify" / "service.mjs"
    service.write_bytes((BENCH / "fastify" / "service.mjs").read_bytes())
    own = {"NODE_ENV": "production", "PORT": str(it.port)}
    return [path_of("node") or "node", str(service)], _service(it) | own


def _service(it: Start) -> dict[str, str]:
    return _identity(it) | {
        "ARM_ENDPOINT": it.azure.url,
        "GRAPH_ENDPOINT": it.azure.url,
        "SUBSCRIPTION": cloud.SUBSCRIPTION,
        "RESOURCE_GROUP": cloud.GROUP,
        "SELECT": cloud.SELECT,
        "LOOK": it.looks,
    }


def _identity(it: Start) -> dict[str, str]:
    """What App Service and Container Apps tell of the managed identity."""
    return {
        "AZURE_CLIENT_ID": cloud.CLIENT_ID,
        "IDENTITY_ENDPOINT": f"{it.azure.url}/msi/token",
        "IDENTITY_HEADER": "a-secret-of-this-host",
    }


COMMANDS: dict[str, Callable[[Start], Command]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "actix-awc": _actix_awc,
    "gateway-bare": _gateway_bare,
    "gateway-full": _gateway_full,
    "fastify": _fastify,
    "fastapi": _fastapi,
}
