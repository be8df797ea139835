"""Requests for hot routes, good and bad, drawn by chance."""

import random
from collections.abc import Callable
from typing import Any

import orjson

SUBSCRIPTIONS = ["{subscription}"] * 8 + ["{other}", "{foreign}", "{nobody}", "{subscription!}"]
TOKENS = (
    ["{token_group}"] * 10
    + ["{token_reseller}", "{token_tenant}"] * 2
    + [
        "{token_stranger}",
        "{token_reports}",
        "{token_connector}",
        "{token_unknown}",
    ]
)
KEYS = ["one", "two", "three", "a key, with commas"]
CALLEES = [
    "+33199009999",
    "112",
    "sip:+33199009999@example.org",
    "sip:112@example.org",
    "0033",
    "š",
]
JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    " x ",
    "a\u202eb",
    "a\x00",
    [],
    {},
    "x" * 300,
]

type Drawn = dict[str, Any]


def drawn_request(chance: random.Random) -> Drawn:
    """One request: its method, path, query, headers and body, to be filled in by a twin."""
    method, path, body = chance.choice(KINDS)(chance)
    headers = {"authorization": f"Bearer {chance.choice(TOKENS)}"}
    if chance.random() < 0.3:
        headers["idempotency-key"] = chance.choice(KEYS)
    text = "" if body is None else orjson.dumps(body).decode()
    wanted: Drawn = {
        "method": method,
        "path": f"/api/v1/{path}",
        "query": {},
        "headers": headers,
        "body": text,
    }
    if method == "POST" and "/calls/" in path:
        headers["x-http-method-override"] = "PUT" if body is not None else "DELETE"
    if chance.random() < 0.25:
        chance.choice(FAULTS)(chance, wanted)
    return wanted


def _order(chance: random.Random) -> tuple[str, str, Any]:
    body: dict[str, Any] = {
        "subscription_id": chance.choice(SUBSCRIPTIONS),
        "lines": [_line(chance) for _ in range(chance.choice([1, 1, 1, 1, 2, 3, 7]))],
    }
    more: dict[str, Any] = {
        "external_reference": f"PO-{chance.randrange(6)}",
        "note": "for the branch",
        "metadata": {"site": "Ghent"},
        "effective_at": chance.choice(["2031-01-01T00:00:00Z", "2001-01-01T00:00:00Z"]),
        "ends_at": "2029-01-01T00:00:00Z",
        "charge_from": chance.choice(["2031-01-01T00:00:00Z", "2026-12-01T00:00:00Z"]),
        "nonsense": 1,
    }
    for name, value in more.items():
        if chance.random() < 0.07:
            body[name] = value
    return "POST", "orders", body


def _line(chance: random.Random) -> dict[str, Any]:
    line = {
        "product_id": chance.choice(["{product}", "{channels}", "{product!}", "{nobody}"]),
        "action": chance.choice(["add", "add", "remove", "set"]),
        "quantity": chance.choice([1, 1, 2, 3, 0, 1000]),
    }
    if chance.random() < 0.1:
        line["product_code"] = "seat"
    if chance.random() < 0.1:
        del line["product_id"]
        line["product_code"] = chance.choice(["seat", "channels", "none"])
    if chance.random() < 0.1:
        line["expected_quantity"] = chance.randrange(8)
    if chance.random() < 0.1:
        line["revision"] = chance.randrange(3)
    return line


def _balances(chance: random.Random) -> tuple[str, str, Any]:
    return "GET", f"subscriptions/{chance.choice(SUBSCRIPTIONS)}/balances", None


def _assign(chance: random.Random) -> tuple[str, str, Any]:
    body: dict[str, Any] = {"sku": "fr-geographic", "quantity": chance.choice([1, 1, 1, 2, 9])}
    if chance.random() < 0.3:
        body = {
            "numbers": [f"{{number{chance.randrange(8)}}}" for _ in range(chance.choice([1, 2]))]
        }
    for name, value in {
        "contiguous": True,
        "status": "reserved",
        "until": "2031-01-01T00:00:00Z",
    }.items():
        if chance.random() < 0.1:
            body[name] = value
    return "POST", f"subscriptions/{chance.choice(SUBSCRIPTIONS)}/numbers", body


def _link(chance: random.Random) -> tuple[str, str, Any]:
    user = chance.choice([f"{{user{index}}}" for index in range(6)] + ["{nobody}"])
    number = chance.choice([f"{{number{index}}}" for index in range(8)] + ["0199001234", "none"])
    path = f"subscriptions/{chance.choice(SUBSCRIPTIONS)}/users/{user}/number"
    return "PUT", path, {"number": number}


def _admit(chance: random.Random) -> tuple[str, str, Any]:
    body: dict[str, Any] = {"caller": "+33199000000", "callee": chance.choice(CALLEES)}
    if chance.random() < 0.1:
        body["replaces"] = f"call-{chance.randrange(5)}"
    if chance.random() < 0.1:
        del body[chance.choice(["caller", "callee"])]
    return chance.choice(["PUT", "PUT", "POST"]), _call(chance), body


def _end(chance: random.Random) -> tuple[str, str, Any]:
    return chance.choice(["DELETE", "DELETE", "POST"]), _call(chance), None


def _call(chance: random.Random) -> str:
    trunk = chance.choice(["{trunk}", "{trunk}", "{capped}", "{nobody}", "{trunk!}"])
    direction = chance.choice(["inbound", "outbound", "outbound", "sideways"])
    id = chance.choice([f"call-{chance.randrange(8)}", "a b@192.0.2.1", "a/b", "x" * 256, "é"])
    return f"trunks/{trunk}/calls/{direction}/{id}"


KINDS: list[Callable[[random.Random], tuple[str, str, Any]]] = [
    _order,
    _order,
    _order,
    _balances,
    _assign,
    _link,
    _admit,
    _admit,
    _end,
]


def _other_value(chance: random.Random, wanted: Drawn) -> None:
    """One member has another value, or is missing."""
    try:
        body = orjson.loads(wanted["body"])
    except orjson.JSONDecodeError:
        return
    name = chance.choice(list(body))
    body[name] = chance.choice(JUNK)
    try:
        wanted["body"] = orjson.dumps(body).decode()
    except TypeError:  # an integer of more than 64 bits
        wanted["body"] = wanted["body"].replace("1", "1" * 30)


def _other_text(chance: random.Random, wanted: Drawn) -> None:
    """The body is not an object of JSON, or has a member twice."""
    body = wanted["body"]
    doubled = body.replace("{", '{"a":1,"a":2,', 1)
    wide = "{" + ",".join(f'"m{n}":1' for n in range(300)) + "}"
    texts = ["", "{}", "null", "[]", "{", "[" * 2000, '{"a": NaN}', '"text"', "\ud800"]
    wanted["body"] = chance.choice([*texts, body + body, f"{body} ", doubled, wide])


def _other_header(chance: random.Random, wanted: Drawn) -> None:
    """One header is unusual."""
    name, value = chance.choice(
        [
            ("authorization", "Basic eDp5"),
            ("authorization", "bearer {token_group}"),
            ("authorization", "Bearer  {token_group}"),
            ("authorization", "Bearer"),
            ("content-type", "text/plain"),
            ("content-type", "application/json; charset=utf-8"),
            ("content-type", "application/json; charset=latin-1"),
            ("content-type", "application/vnd.x+json"),
            ("content-encoding", "gzip"),
            ("if-match", '"1"'),
            ("x-http-method-override", "DELETE"),
            ("x-http-method-override", "PATCH"),
            ("accept", "text/csv"),
            ("accept", "application/json, text/html;q=0.1"),
            ("host", "elsewhere.example"),
            ("host", "a b"),
            ("x-request-id", "known-1"),
            ("x-request-id", "not known"),
            ("idempotency-key", ""),
            ("idempotency-key", "k" * 256),
            ("idempotency-key", "twice\ntwice"),
            ("x-forwarded-for", "192.0.2.7"),
        ]
    )
    wanted["headers"][name] = value


def _other_query(chance: random.Random, wanted: Drawn) -> None:
    """There is a parameter."""
    wanted["query"] = chance.choice([{"x": "1"}, {"at": "2031-01-01T00:00:00Z"}, {"format": "csv"}])


def _other_path(chance: random.Random, wanted: Drawn) -> None:
    """The path is a little different."""
    wanted["path"] = chance.choice(
        [f"{wanted['path']}/", wanted["path"][:-1], wanted["path"] + "x"]
    )


def _other_method(chance: random.Random, wanted: Drawn) -> None:
    """The method is another one."""
    wanted["method"] = chance.choice(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])


FAULTS = [_other_value, _other_value, _other_text, _other_header, _other_header, _other_query]
FAULTS += [_other_path, _other_method]
