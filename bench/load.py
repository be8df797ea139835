"""A load generator: many keep-alive connections from one thread, each always with one request in
progress. It writes prepared bytes and counts answers, and so takes little of the processor time
that it shares with the server and the database.
"""

import itertools
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Load:
    """The measurement: answers by status, seconds, and the latency of each answer in seconds."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return sum(self.statuses.values()) / self.seconds

    @property
    def median_ms(self) -> float:
        """The median latency in milliseconds."""
        return median(self.latencies) * 1000


class _Connection:
    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = requests
        self.received = b""
        self.sent_at = 0.0

    def send(self) -> None:
        self.received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(next(self.requests))

    def receive(self) -> int | None:
        """The status if the answer is complete, else None."""
        chunk = self.socket.recv(1 << 20)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self.received += chunk
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator or not _is_whole(head, body):
            return None
        return int(head[9:12])


def _is_whole(head: bytes, body: bytes) -> bool:
    if b"transfer-encoding: chunked" in head.lower():
        return body.endswith(b"\r\n0\r\n\r\n")
    return len(body) >= _content_length(head)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


def visit(path: str, cookies: str) -> bytes:
    """A browser's request for a page, as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n\r\n".encode()


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request, as bytes."""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


Requests = list[bytes] | Callable[[], Iterator[bytes]]
"""A list that all connections share and repeat; or a source of separate requests for each
connection, if a request must follow the answer to the previous one."""


def drive(port: int, requests: Requests, *, connections: int, seconds: float) -> Load:
    """Send `requests` for `seconds`; every answer in that time counts."""
    shared = itertools.cycle(requests) if isinstance(requests, list) else None
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            source = shared or requests()  # type: ignore[operator]
            connection = _Connection(port, source)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        load = Load(seconds)
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            for key, _ in selector.select(left):
                status = key.data.receive()
                if status is not None:
                    load.statuses[status] += 1
                    load.latencies.append(time.perf_counter() - key.data.sent_at)
                    key.data.send()
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    return load


def pace(port: int, requests: Requests, *, connections: int, rate: float, seconds: float) -> Load:
    """Send `rate` requests per second, evenly spaced, for `seconds`.

    A latency counts from the instant at which its request was due: those that waited for a
    connection are not left out.
    """
    shared = itertools.cycle(requests) if isinstance(requests, list) else None
    load = Load(seconds)
    free: deque[_Connection] = deque()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            source = shared or requests()  # type: ignore[operator]
            free.append(_Connection(port, source))
            selector.register(free[-1].socket, selectors.EVENT_READ, free[-1])
        begin, sent, total = time.perf_counter(), 0, round(rate * seconds)
        while sent < total or len(free) < connections:
            due = begin + sent / rate
            while free and sent < total and due <= time.perf_counter():
                connection = free.popleft()
                connection.send()
                connection.sent_at = due
                sent += 1
                due = begin + sent / rate
            wait = max(0.0, due - time.perf_counter()) if free and sent < total else None
            for key, _ in selector.select(wait):
                status = key.data.receive()
                if status is not None:
                    load.statuses[status] += 1
                    load.latencies.append(time.perf_counter() - key.data.sent_at)
                    free.append(key.data)
        for connection in free:
            connection.socket.close()
    return load


def finish(port: int, requests: list[bytes], *, connections: int) -> Load:
    """Send each of `requests` once; `seconds` is the total time."""
    source = iter(requests)
    load = Load(0.0)
    begin = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = _Connection(port, source)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        while selector.get_map():
            for key, _ in selector.select():
                status = key.data.receive()
                if status is None:
                    continue
                load.statuses[status] += 1
                try:
                    key.data.send()
                except StopIteration:
                    selector.unregister(key.data.socket)
                    key.data.socket.close()
    load.seconds = time.perf_counter() - begin
    return load
