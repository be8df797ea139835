"""The configurations of `integrations/proxies`, with Debian's nginx and HAProxy before a server."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.bounds import PATIENCE
from tests.server import Server, free_port, run_server, wait_for
from tests.world import World

HOME = Path(__file__).resolve().parents[2] / "integrations" / "proxies"
PATH = os.pathsep.join((os.environ["PATH"], "/usr/local/sbin", "/usr/sbin"))
NAME = "portal.example.com"
BODY_SECONDS = 4
LONG_ANSWER = 20 * 1024 * 1024

NGINX = """
daemon off; master_process off; pid {home}/nginx.pid; error_log {home}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f;
    uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
    {site}
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A running proxy: its name, and the ports for HTTP and HTTPS."""

    name: str
    plain: int
    port: int
    trust: ssl.SSLContext

    def client(self) -> httpx.Client:
        """A client of the portal by HTTPS."""
        base = f"https://127.0.0.1:{self.port}"
        return httpx.Client(base_url=base, headers={"Host": NAME}, verify=self.trust, timeout=30)

    def connect(self, text: str) -> ssl.SSLSocket:
        """A connection on which `text` was sent."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection = self.trust.wrap_socket(plain, server_hostname=NAME)
        connection.sendall(text.encode())
        return connection


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that have come, or with `LONG_ANSWER` bytes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The address decides."""
        long = self.path.startswith("/api/v1/call-records")
        body = b"x" * LONG_ANSWER if long else json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """`text` with each of the changes; each finds something to change."""
    for before, after in changes:
        assert before in text, f"the configuration no longer has: {before}"
        text = text.replace(before, after)
    return text


def command_of(name: str, home: Path, upstream: int, plain: int, port: int) -> list[str]:
    """How the proxy is started with the project's file, other addresses put in."""
    certificate, key = home / "both.pem", home / "key.pem"
    if name == "nginx":
        text = replaced(
            (HOME / "nginx.conf").read_text(),
            ("listen 80;", f"listen 127.0.0.1:{plain};"),
            ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
            ("/etc/ssl/portal.example.com.key", str(key)),
            ("client_body_timeout   20s", f"client_body_timeout {BODY_SECONDS}s"),
        )
        file = home / "nginx.conf"
        wrapped = NGINX.format(home=home, site="{site}").replace("{site}", text)
        command = ["nginx", "-c", str(file), "-p", str(home), "-e", str(home / "nginx.log")]
    else:
        wrapped = replaced(
            (HOME / "haproxy.cfg").read_text(),
            ("bind :80", f"bind 127.0.0.1:{plain}"),
            ("bind :443", f"bind 127.0.0.1:{port}"),
            ("inter 5s", "inter 200ms"),
            ("log global", ""),
            ("time 20s", f"time {BODY_SECONDS}s"),
        )
        file = home / "haproxy.cfg"
        command = ["haproxy", "-db", "-f", str(file)]
    wrapped = replaced(
        wrapped,
        ("/etc/ssl/portal.example.com.pem", str(certificate)),
        ("127.0.0.1:8000", f"127.0.0.1:{upstream}"),
    )
    file.write_text(wrapped)
    return command


@contextmanager
def run_proxy(name: str, home: Path, upstream: int) -> Iterator[Proxy]:
    """The proxy before the port `upstream`; stopped by its own process id."""
    program = shutil.which(name, path=PATH)
    assert program, f"{name} is missing; ./.ci/proxies installs it"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={NAME}"),
            *("-keyout", str(home / "key.pem"), "-out", str(home / "cert.pem")),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    both = (home / "cert.pem").read_text() + (home / "key.pem").read_text()
    (home / "both.pem").write_text(both)
    trust = ssl.create_default_context(cafile=str(home / "cert.pem"))
    trust.check_hostname = False
    proxy = Proxy(name, free_port(), free_port(), trust)
    command = command_of(name, home, upstream, proxy.plain, proxy.port)
    log = home / "output"
    with log.open("wb") as output:
        process = subprocess.Popen([program, *command[1:]], stdout=output, stderr=output)
    try:

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                with proxy.client() as client:
                    return client.get("/sign-in").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answers, f"{name} to answer")
        yield proxy
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that is told what stands before it."""
    environment = {
        "FUSION_HTTPS": "true",
        "FUSION_ALLOWED_HOSTS": f"{NAME},127.0.0.1",
        "FUSION_TRUSTED_PROXIES": "127.0.0.1",
    }
    log = tmp_path_factory.mktemp("proxied") / "log"
    with run_server(log, "--workers", "1", "--threads", "4", environment=environment) as running:
        yield running


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def proxy(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """Each of the two before the server."""
    with run_proxy(request.param, tmp_path_factory.mktemp("proxy"), server.port) as running:
        yield running


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    """The port of a server that tells what it has got."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def bearer(world: World) -> dict[str, str]:
    """The header that makes a request the group's."""
    return {"Authorization": f"Bearer {world.token(world.group)}"}


def test_pages_come_by_https_alone(proxy: Proxy) -> None:
    with proxy.client() as client:
        page = client.get("/sign-in")
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert "; Secure" in page.headers["set-cookie"]
        moved = httpx.get(f"http://127.0.0.1:{proxy.plain}/sign-in", headers={"Host": NAME})
        assert moved.status_code == 301
        assert moved.headers["location"] == f"https://{NAME}/sign-in"


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/healthz"])
def test_health_and_metrics_are_hidden(proxy: Proxy, path: str) -> None:
    with proxy.client() as client:
        assert client.get(path).status_code == 404


def test_slow_bodies_end_at_the_proxy(proxy: Proxy, server: Server, world: World) -> None:
    text = f"POST /oauth/token HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 1000\r\n\r\na"
    slow = [proxy.connect(text) for _ in range(15)]
    begun = time.perf_counter()
    with proxy.client() as client:
        shown = client.get("/api/v1/products", headers=bearer(world))
        assert shown.status_code == 200, shown.text
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    for connection in slow:
        answer = connection.recv(12)
        assert answer in (b"HTTP/1.1 408", b""), answer
        connection.close()
    assert time.perf_counter() - begun < 5 * BODY_SECONDS
    routes = [json.loads(line).get("route") for line in server.lines() if line.startswith("{")]
    assert "oauth/token" not in routes, "the server has heard of them"


def test_sizes(proxy: Proxy, world: World) -> None:
    users = f"/api/v1/subscriptions/{world.subscription.id}/users/batch"
    head = {**bearer(world), "Content-Type": "text/csv"}
    rows = [f"u{n}@example.com,{'n' * 190},user,\n" for n in range(9_000)]
    upload = ("login,display_name,kind,number\n" + "".join(rows)).encode()
    assert len(upload) > 1_500_000
    with proxy.client() as client:
        assert client.post(users, content=upload, headers=head).status_code == 202
        large = {**bearer(world), "Content-Type": "application/json"}
        refused = client.post("/api/v1/orders", content=b" " * 1_200_000, headers=large)
        assert refused.status_code == 413


def test_forwarding_headers_of_callers_are_replaced(
    proxy: Proxy, echo: int, tmp_path: Path
) -> None:
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "http",
        "Forwarded": "for=203.0.113.9",
    }
    with run_proxy(proxy.name, tmp_path, echo) as second, second.client() as client:
        came = [(name.lower(), value) for name, value in client.get("/x", headers=forged).json()]
    result = dict(came)
    assert len(result) == len(came), "a header came twice"
    assert result["x-forwarded-for"] == "127.0.0.1"
    assert result["x-forwarded-proto"] == "https"
    assert "forwarded" not in result


def test_long_answers_arrive_whole(proxy: Proxy, echo: int, tmp_path: Path) -> None:
    with run_proxy(proxy.name, tmp_path, echo) as second, second.client() as client:
        assert len(client.get("/api/v1/call-records").content) == LONG_ANSWER
