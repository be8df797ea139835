"""What surrounds every request, seen from outside a real server."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.server import Server
from tests.world import World

MIB = 1024 * 1024


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that the response tells."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    result: dict[str, Any] = response.json()
    assert (result["status"], result["code"]) == (status, code)
    assert result["type"] == f"urn:fusion:problem:{code}"
    assert result["title"] and result["detail"]
    return result


def access_lines(server: Server, request_id: str) -> list[dict[str, Any]]:
    """What the log says of one request."""
    lines = [json.loads(line) for line in server.lines() if line.startswith("{")]
    return [line for line in lines if line.get("request_id") == request_id]


def bearer(world: World) -> dict[str, str]:
    """The header that makes a request the group's."""
    return {"Authorization": f"Bearer {world.token(world.group)}"}


def test_request_id_is_made(server: Server) -> None:
    ids = {httpx.get(f"{server.url}/healthz").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", id) for id in ids)


@pytest.mark.parametrize("given", ["a", "Order-7_of.9", "x" * 64])
def test_request_id_is_taken(server: Server, given: str) -> None:
    response = httpx.get(f"{server.url}/nowhere", headers={"X-Request-Id": given})
    assert response.headers["x-request-id"] == given
    assert access_lines(server, given)


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", '{"a":1}', "a;b", "\xe9"])
def test_request_id_is_not_taken(server: Server, given: str) -> None:
    headers = [(b"X-Request-Id", given.encode("latin-1"))]
    response = httpx.get(f"{server.url}/healthz", headers=headers)
    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 36


def test_log_of_a_request(server: Server, world: World) -> None:
    """Its route and its actor; never its query, its token or its path with ids."""
    response = httpx.get(
        f"{server.url}/api/v1/subscriptions/{world.subscription.id}/balances",
        params={"at": "2020-01-02T03:04:05Z"},
        headers={**bearer(world), "X-Request-Id": world.group.id.hex},
    )
    assert response.status_code == 200, response.text
    (line,) = access_lines(server, world.group.id.hex)
    assert line["method"] == "GET"
    assert line["status"] == 200
    assert line["duration_ms"] > 0
    assert line["actor"].startswith("client:")
    assert "balances" in line["route"]
    text = "\n".join(server.lines())
    assert "2020-01-02" not in text
    assert world.token(world.group) not in text
    assert str(world.subscription.id) not in text


def test_audit_has_the_request_id(server: Server, world: World) -> None:
    from django.db import connection  # noqa: PLC0415

    body = {
        "subscription_id": str(world.subscription.id),
        "lines": [{"product_id": str(world.seat.id), "quantity": 1}],
    }
    id = f"audit-{world.group.id.hex}"
    headers = {**bearer(world), "X-Request-Id": id}
    response = httpx.post(f"{server.url}/api/v1/orders", json=body, headers=headers)
    assert response.status_code == 201, response.text
    with connection.cursor() as cursor:
        cursor.execute("SELECT verb FROM tenancy_auditrecord WHERE request_id = %s", [id])
        assert cursor.fetchall() == [("order.place",)]


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/healthz", "/readyz", "/api/v1/docs", "/api/v1/nowhere"]
)
def test_security_headers(server: Server, path: str) -> None:
    headers = httpx.get(server.url + path).headers
    assert headers["x-content-type-options"] == "nosniff"
    is_page = headers["content-type"].startswith("text/html")
    assert headers["referrer-policy"] == ("same-origin" if is_page else "no-referrer")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "no-store" in headers["cache-control"]


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/docs"])
def test_pages_load_nothing_from_other_hosts(server: Server, path: str) -> None:
    """Every address in the page is of this server, answers, and no script or style is inline."""
    page = httpx.get(server.url + path)
    assert page.status_code == 200
    found = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert found
    for address in found:
        assert address.startswith("/") and not address.startswith("//")
        assert httpx.get(server.url + address).status_code == 200, address
    assert "<style" not in page.text
    assert " style=" not in page.text
    for script in re.findall(r"<script([^>]*)>", page.text):
        assert "src=" in script or "application/json" in script


def test_static_files_are_guarded(server: Server) -> None:
    found = httpx.get(f"{server.url}/static/ninja/swagger-ui.css")
    assert found.headers["content-type"].startswith("text/css")
    assert found.headers["x-content-type-options"] == "nosniff"
    for path in ("/static/", "/static/../pyproject.toml", "/static/ninja/", "/static/nothing.css"):
        problem(httpx.get(server.url + path), 404, "not-found")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/v1/nowhere", "/api/v1/orders/", "/%00", "/a" * 900]
)
def test_unknown_address(server: Server, path: str) -> None:
    problem(httpx.get(server.url + path), 404, "not-found")


def test_wrong_method(server: Server) -> None:
    for path in ("/api/v1/orders", "/api/v1/orders/batch"):
        response = httpx.request("PUT", server.url + path)
        result = problem(response, 405, "method-not-allowed")
        assert "POST" in response.headers["allow"]
        assert "PUT" in result["detail"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "a b", "[::1"])
def test_foreign_host(server: Server, host: str) -> None:
    response = httpx.get(f"{server.url}/api/v1/orders", headers={"Host": host})
    if response.headers.get("content-type") == "application/problem+json":
        problem(response, 400, "invalid-fields")
    assert response.status_code == 400


def test_probes_take_any_host(server: Server) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert httpx.get(server.url + path, headers={"Host": "10.1.2.3"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_only_read(server: Server, path: str) -> None:
    assert httpx.head(server.url + path).status_code == 200
    for method in ("POST", "PUT", "DELETE"):
        response = httpx.request(method, server.url + path)
        problem(response, 405, "method-not-allowed")
        assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(("path", "limit"), [("orders", 1), ("orders/batch", 16)])
def test_too_large(server: Server, world: World, path: str, limit: int) -> None:
    before = world.fingerprint()
    url = f"{server.url}/api/v1/{path}"
    headers = {**bearer(world), "Content-Type": "application/json"}
    within = b'{"x": "' + b"x" * (limit * MIB - 9) + b'"}'
    assert len(within) == limit * MIB
    assert httpx.post(url, content=within, headers=headers).status_code == 422
    problem(httpx.post(url, content=within + b" ", headers=headers), 413, "too-large")

    def chunks(body: bytes) -> Any:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    assert httpx.post(url, content=chunks(within), headers=headers).status_code == 422
    problem(httpx.post(url, content=chunks(within + b" "), headers=headers), 413, "too-large")
    assert world.fingerprint() == before


def test_too_large_is_said_before_the_body_is_sent(server: Server) -> None:
    import socket  # noqa: PLC0415

    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as caller:
        caller.sendall(
            b"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
        )
        assert b" 413 " in caller.recv(4096).split(b"\r\n")[0]


def test_chunked_body_is_read(server: Server, world: World) -> None:
    body = json.dumps(
        {
            "subscription_id": str(world.subscription.id),
            "lines": [{"product_id": str(world.seat.id), "quantity": 2}],
        }
    ).encode()
    headers = {**bearer(world), "Content-Type": "application/json"}
    url = f"{server.url}/api/v1/orders"
    response = httpx.post(url, content=iter([body[:20], body[20:]]), headers=headers)
    assert response.status_code == 201, response.text


def test_readiness_and_liveness(server: Server) -> None:
    assert httpx.get(f"{server.url}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready"}
