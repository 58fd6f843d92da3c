"""The first moments of a peer: when it answers, and what a cold one asks for."""

import asyncio
import http.client
import time
from dataclasses import dataclass

from cloud import Azure
from peers import Peer

CALLERS = 200

# As long as a token endpoint takes at times: all callers are there before it answers.
TOKEN_DELAY = 200

# By what is counted of the stub: what callers ask for.
BURSTS = {
    "token_arm": "POST /vms/burst{n}/deallocate",
    "token_graph": "GET /directory/users?department=burst{n}&top=100",
}


@dataclass(frozen=True)
class Burst:
    """What came of many callers at once on a peer that knows no token yet."""

    round: int
    peer: str
    kind: str
    tokens: int
    answered: int


def first_answer(peer: Peer) -> float:
    """Seconds from the start of the process to its first 200, of a page of users."""
    peer.process.await_port(peer.port)
    while not _answers(peer):
        peer.process.must_live()
        time.sleep(0.001)
    return time.monotonic() - peer.process.started


def _answers(peer: Peer) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=5)
    headers = {"Authorization": f"Bearer {peer.token}"} if peer.token else {}
    try:
        connection.request(
            "GET", "/directory/users?department=First&top=100", headers=headers
        )
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def burst(peer: Peer, kind: str, to: Azure, number: int) -> Burst:
    """Has many callers ask at once, as soon as there is somebody to ask."""
    peer.process.await_port(peer.port)
    answered = asyncio.run(_all_at_once(peer, BURSTS[kind]))
    return Burst(number, peer.name, kind, to.counts()[kind], answered)


async def _all_at_once(peer: Peer, line: str) -> int:
    connections = [
        asyncio.open_connection("127.0.0.1", peer.port) for _ in range(CALLERS)
    ]
    opened = await asyncio.gather(*connections)
    for number, (_, writer) in enumerate(opened):
        writer.write(_request(peer, line.replace("{n}", str(number))))
    statuses = await asyncio.gather(*(_status(reader) for reader, _ in opened))
    for _, writer in opened:
        writer.close()
    return sum(status.startswith((b"200", b"202")) for status in statuses)


def _request(peer: Peer, line: str) -> bytes:
    token = f"Authorization: Bearer {peer.token}\r\n" if peer.token else ""
    host = f"Host: 127.0.0.1:{peer.port}\r\n"
    return f"{line} HTTP/1.1\r\n{host}{token}Content-Length: 0\r\n\r\n".encode()


async def _status(reader: asyncio.StreamReader) -> bytes:
    try:
        line = await asyncio.wait_for(reader.readline(), timeout=15)
    except (OSError, TimeoutError):
        return b""
    return line[len("HTTP/1.1 ") :]
