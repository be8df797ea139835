"""What cannot be read, or says what cannot be meant, is refused precisely and changes nothing."""

from typing import Any
from urllib.parse import quote

import orjson
import pytest
from django.test import Client

from fusion.kernel.errors import MOST_ERRORS
from fusion.kernel.http import MAX_BATCH_BODY, MAX_BODY, MAX_MEMBERS
from fusion.kernel.ids import new_id
from tests.contract.refusing import fields, is_problem, order_text, raw
from tests.ordering.placing import draft, placed
from tests.world import World, answer

# --- JSON


@pytest.mark.parametrize(
    "body",
    [
        " ",
        "{",
        "}",
        "{'a': 1}",
        '{"a": 1,}',
        '{"a": 1} x',
        "\ufeff{}",
        '{"a": "\n"}',
        '{"a": "\\ud800"}',
        '{"a": "\\udc00\\ud800"}',
        '{"a": "\ud800"}',
        '{"\\ud800": 1}',
        b'{"a": "\xff\xfe"}',
        b'{"a": "\xc0\x80"}',
        b"\xff\xfe{\0}\0",
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"orders":' + "[" * 100_000 + "]" * 100_000 + "}",
        "nul",
        "NaN",
        "\0",
    ],
    ids=lambda body: repr(body[:16]),
)
def test_unreadable_json(world: World, body: str | bytes) -> None:
    for path in ("/orders", "/orders/preview", "/orders/batch"):
        is_problem(raw(world, body, path), 400, "invalid-json")


def test_no_body(world: World) -> None:
    assert fields(raw(world, "")) == ["body"]
    assert fields(raw(world, "", "/orders/batch")) == ["body"]


def test_nesting_that_is_read_is_refused_for_its_fields(world: World) -> None:
    deep = "[" * 200 + "]" * 200
    assert fields(raw(world, order_text(world, deep))) == ["lines.0.quantity"]
    body = '{"orders": [' + deep + ', {"lines": ' + deep + "}]}"
    before = world.fingerprint()
    response = world.call("POST", "/orders/batch", body.encode())
    assert [result["status"] for result in answer(response)["results"]] == [422, 422]
    assert world.fingerprint() == before


DEEP = "[" * 900 + "]" * 900


def test_nesting_under_a_key(world: World) -> None:
    """What a key stands for is made of the whole body, read or not."""
    order = placed(world, effective_at="2029-01-01T00:00:00Z")
    headers = {"Idempotency-Key": "deep"}
    is_problem(raw(world, DEEP, f"/orders/{order['id']}/cancel", **headers), 400, "invalid-json")
    batch = f'{{"orders": [{DEEP}]}}'
    is_problem(raw(world, batch, "/orders/batch", **headers), 400, "invalid-json")


def test_a_hundred_thousand_wrong_fields(world: World) -> None:
    """The answer tells the first hundred: it is not larger than what it refuses."""
    names = ",".join(f'"x{index}":1' for index in range(80_000))
    response = raw(world, "{" + names + "}")
    assert len(fields(response)) == 100


@pytest.mark.parametrize(
    "more",
    [
        ', "lines": []',
        ', "external_reference": "a", "external_reference": "a"',
        ', "external_reference": ":", "external_\\u0072eference": null',
        ', "external_reference": "\\u003a", "effective_at": "", "effective_at": null',
    ],
)
def test_a_member_given_twice(world: World, more: str) -> None:
    """JSON leaves open which one counts (RFC 8259, section 4): an intermediary may see another."""
    text = order_text(world, more=more)
    for path, body in (
        ("/orders", text),
        ("/orders/preview", text),
        ("/orders/batch", f'{{"orders": [{order_text(world)}, {text}]}}'),
    ):
        problem = is_problem(raw(world, body, path), 400, "invalid-json")
        assert "more than once" in problem["detail"]
    text = order_text(world, '0, "quantity": 7')
    is_problem(raw(world, text), 400, "invalid-json")


def test_colons_in_strings_are_not_counted_as_members(world: World) -> None:
    for text in (":", "::a:", "\\u003a", "\\u003A:", '\\":\\"', "\\\\u003a"):
        body = order_text(world, more=f', "external_reference": "x {text}"').encode()
        assert world.call("POST", "/orders/preview", body).status_code == 200


# --- media types and sizes


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "",
        "json",
        "application/jsonx",
        "text/json",
        "multipart/form-data; boundary=x",
    ],
)
def test_other_media_types(world: World, media_type: str) -> None:
    for path in ("/orders", "/orders/batch"):
        response = raw(world, order_text(world), path, content_type=media_type)
        is_problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize("path", ["/call-records", "/reports/licenses", "/reports/phone-usage"])
@pytest.mark.parametrize("accept", ["text/csv;q*=nonsense''x", "text/csv;q=" + "9" * 40_000])
def test_an_accept_header_that_cannot_be_read(world: World, path: str, accept: str) -> None:
    is_problem(world.call("GET", path, headers={"Accept": accept}), 422, "invalid-fields")


@pytest.mark.parametrize("path", ["/orders", "/orders/batch", "/orders/preview"])
@pytest.mark.parametrize("around", ["%s", '{"orders": [%s]}', '{"lines": [[{"x": %s}]]}'])
def test_objects_of_very_many_members(world: World, path: str, around: str) -> None:
    """Each unknown member is an error: 900,000 of them took ten seconds and a gigabyte."""
    wide = ", ".join(f'"{number}": 1' for number in range(MAX_MEMBERS + 1))
    before = world.fingerprint()
    response = raw(world, around % f"{{{wide}}}", path)
    assert len(fields(response)) == MOST_ERRORS
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    ("media_type", "encoding"),
    [
        ("application/json; charset=utf-16", None),
        ("application/json; charset=ISO-8859-1", None),
        ("application/json; charset=nonsense", None),
        ("application/json", "gzip"),
        ("application/json", "br, identity"),
        ("text/csv", "gzip"),
    ],
)
def test_bodies_that_are_said_to_be_encoded(
    world: World, media_type: str, encoding: str | None
) -> None:
    """The body itself would be taken: what its sender says of it is not ignored."""
    path, text = "/orders", order_text(world)
    if media_type == "text/csv":
        path = f"/subscriptions/{world.subscription.id}/users/batch"
        text = "login,display_name,kind,number\nada,Ada,,\n"
    before = world.fingerprint()
    response: Any = Client(headers={"Content-Encoding": encoding} if encoding else {}).generic(
        "POST",
        f"/api/v1{path}",
        text.encode(),
        media_type,
        headers={"Authorization": f"Bearer {world.token(world.group)}"},
    )
    is_problem(response, 415, "unsupported-media-type")
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "media_type",
    ["application/json; charset=utf-8", "Application/JSON", "application/vnd.example+json"],
)
def test_media_types_that_are_json(world: World, media_type: str) -> None:
    response: Any = Client().generic(
        "POST",
        "/api/v1/orders",
        order_text(world).encode(),
        media_type,
        headers={"Authorization": f"Bearer {world.token(world.group)}"},
    )
    assert response.status_code == 201


def test_bodies_that_are_too_large(world: World) -> None:
    blanks = " " * (MAX_BODY + 1)
    for path in ("/orders", "/orders/preview", "/skus", f"/orders/{new_id()}/cancel"):
        is_problem(raw(world, order_text(world, more=blanks), path), 413, "too-large")
    is_problem(raw(world, b" " * (MAX_BATCH_BODY + 1), "/orders/batch"), 413, "too-large")


def test_a_body_as_large_as_may_be(world: World) -> None:
    text = order_text(world)
    body = text + " " * (MAX_BODY - len(text))
    assert world.call("POST", "/orders", body.encode()).status_code == 201
    orders = orjson.dumps({"orders": [draft(world)]}).ljust(MAX_BODY * 2)
    assert world.call("POST", "/orders/batch", orders).status_code == 200


# --- NUL and other characters that cannot be kept


def test_nul_in_strings_of_the_body(world: World) -> None:
    for text in ("\0", "a\0b"):
        body = orjson.dumps(draft(world, external_reference=text))
        assert fields(raw(world, body)) == ["external_reference"]
    assert fields(raw(world, orjson.dumps({**draft(world), "a\0": 1}))) == ["a\0"]
    body = orjson.dumps({**draft(world), "subscription_id": "\0" * 36})
    assert fields(raw(world, body)) == ["subscription_id"]


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("x" * 100, True),
        ("x" * 101, False),
        ("", False),
        ("   ", False),
        ("\t\n", False),
        ("Ünïcødé 😀", True),
        ("a\u200bb", False),
        (5, False),
        (True, False),
        ([], False),
    ],
    ids=repr,
)
def test_external_references(world: World, text: Any, taken: bool) -> None:
    if taken:
        assert placed(world, external_reference=text)["external_reference"] == text
    else:
        body = orjson.dumps(draft(world, external_reference=text))
        assert fields(raw(world, body)) == ["external_reference"]


READS = (
    "/orders?cursor={}",
    "/orders?external_reference={}",
    "/orders?state={}",
    "/orders?placed_from={}",
    "/orders?subscription_id={}",
    "/orders?organization_id={}",
    "/products?q={}",
    "/products?external_reference={}",
    "/products?cursor={}",
    "/skus?cursor={}",
    "/licenses?organization_id={}",
    "/licenses?by=subscription&cursor={}",
    "/events?after={}",
    "/subscriptions/{id}/entries?cursor={}",
    "/subscriptions/{id}/entries?sku={}",
    "/subscriptions/{id}/entries?from={}",
    "/subscriptions/{id}/holdings?cursor={}",
    "/subscriptions/{id}/balances?at={}",
)


@pytest.mark.parametrize("template", READS)
@pytest.mark.parametrize("text", ["a%00b", "%00", "%ff%fe", "%ed%a0%80", "%F0%9F%98%80", "%2500"])
def test_odd_characters_in_filters(world: World, template: str, text: str) -> None:
    path = template.replace("{id}", str(world.subscription.id)).replace("{}", text)
    before = world.fingerprint()
    response = world.call("GET", path)
    assert response.status_code in ((422,) if "%00" in text else (200, 422)), response.content
    if response.status_code == 422:
        (field,) = fields(response)
        assert f"{field}=" in template
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "path",
    [
        "/orders/\0",
        "/orders/%00",
        "/orders/x\0y/cancel",
        "/orders/%ff%fe",
        "/orders/" + "1" * 36,
        "/orders/" + "x" * 36,
        "/orders/{hex}",
        "/subscriptions/%00/balances",
        "/subscriptions/%ed%a0%80/balances",
        "/" + "x" * 4_000,
        "/\ud800",
    ],
    ids=lambda path: repr(path[:24]),
)
def test_odd_characters_in_paths(world: World, path: str) -> None:
    order = placed(world)
    path = path.replace("{hex}", order["id"].replace("-", ""))
    before = world.fingerprint()
    path = quote(path, safe="/%", errors="surrogatepass")
    for method in ("GET", "POST", "DELETE", "PATCH", "PUT"):
        response = world.call(method, path, {} if method != "GET" else None)
        assert response.status_code in (404, 405), response.content
        assert response["Content-Type"] == "application/problem+json"
    assert world.fingerprint() == before


@pytest.mark.parametrize(
    "key", ["", "x" * 256, "a\0b", "a\tb", "a\nb", "é", "\x7f", "\ud800", "日本"], ids=repr
)
def test_malformed_idempotency_keys(world: World, key: str) -> None:
    for path, body in (
        ("/orders", order_text(world)),
        ("/orders/batch", f'{{"orders": [{order_text(world)}]}}'),
    ):
        response = raw(world, body, path, **{"Idempotency-Key": key})
        assert fields(response) == ["Idempotency-Key"]


def test_visibility_is_checked_before_a_malformed_key(world: World) -> None:
    body = orjson.dumps({**draft(world), "subscription_id": str(new_id())})
    response = raw(world, body, **{"Idempotency-Key": ""})
    is_problem(response, 404, "not-found")


@pytest.mark.parametrize("header", ["X-Request-Id", "If-Match", "If-None-Match", "Accept"])
@pytest.mark.parametrize(
    "value", ["\0", "é", "\ud800", "x" * 10_000, ""], ids=lambda v: repr(v[:9])
)
def test_odd_headers_do_no_harm(world: World, header: str, value: str) -> None:
    response = world.call("GET", f"/products/{world.seat.id}", headers={header: value})
    assert response.status_code == 200
    response = world.call("PATCH", f"/products/{world.seat.id}", {}, headers={header: value})
    assert response.status_code in (200, 412, 422)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "bearer \x00",
        "Basic x",
        "Bearer ÿ",
        "Bearer é",
        "Bearer " + "x" * 100000,
        "Bearer a b",
    ],
)
def test_odd_tokens(world: World, header: str) -> None:
    response = raw(world, order_text(world), Authorization=header)
    is_problem(response, 401, "unauthenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("limit", ["0", "-1", "501", "x", "", "1.5", "true", "9" * 5_000, "%00"])
def test_limits_out_of_range(world: World, limit: str) -> None:
    for path in (
        "/orders",
        "/products",
        "/skus",
        "/licenses",
        "/events",
        f"/subscriptions/{world.subscription.id}/entries",
        f"/subscriptions/{world.subscription.id}/holdings",
    ):
        assert fields(world.call("GET", f"{path}?limit={limit}")) == ["limit"]


def test_other_spellings_of_an_id(world: World) -> None:
    hex = world.subscription.id.hex
    for spelling in (f"urn:{hex}", f"{{{hex}}}--", f"----{hex}", hex, f"urn:uuid:{hex}"):
        body = {**draft(world), "subscription_id": spelling}
        assert fields(raw(world, orjson.dumps(body))) == ["subscription_id"]
    upper = {**draft(world), "subscription_id": str(world.subscription.id).upper()}
    assert world.call("POST", "/orders", upper).status_code == 201


def test_methods_that_a_path_does_not_have(world: World) -> None:
    before = world.fingerprint()
    for method, path in (("DELETE", "/orders"), ("PUT", "/orders/batch"), ("GET", "/orders/batch")):
        response = world.call(method, path)
        is_problem(response, 405, "method-not-allowed")
        assert "POST" in response["Allow"]
    assert world.fingerprint() == before
