"""What strangers send: they get no channel that was not ordered, and their text stays text."""

import hashlib
import re
from typing import Any

import psycopg
import pytest

from tests.sip.calls import NUMBER, answering
from tests.sip.phone import Phone
from tests.sip.site import Login, Site

RINGS = NUMBER + "180"
BUSY = NUMBER + "486"

HOSTILE_IDS = (
    "x'); DROP TABLE trunks_call; --",
    "x'||pg_sleep(9)||'",
    "E'\\\\x27;n=00",
    'x","callee":"112',
    "\\u0000\\",
    "../../../../orders",
    "..",
    "a//b/./c",
    "?x=1#y",
    "%27%2e%2e%00",
    "$var(x)$(ci{s.len})",
    "{}[];d=inbound;t=x",
    b"caf\xe9\xff",
    "long" * 200,
)

HOSTILE_NAMES = ("o'brien", "a%22%5Cb", "a$var(status)b", "a;n=00", "%00", b"\xc3\xa9\xff")


def test_a_reused_call_id_does_not_admit_more_calls(site: Site) -> None:
    site.customer.order_channels(1)
    with site.proxy() as proxy, answering(proxy), Phone(proxy) as phone:
        for _ in range(3):  # a retransmission, before the answer and after it
            phone.invite("first", callee=RINGS, call_id="one")
        phone.wait_for("first", 180)
        phone.invite("first", callee=RINGS, call_id="one")
        phone.invite("fork", callee=RINGS, call_id="one")
        phone.wait_for("fork", 482)
        phone.invite("twin", callee=RINGS, call_id="one", tag="2")
        phone.wait_for("twin", 486)
        assert [call["call_id"] for call in site.customer.live_calls()] == ["one"]
        site.customer.order_channels(1)
        phone.invite("next", callee=RINGS, call_id="one", tag="3")
        site.customer.wait_for_calls(2)
        one, other = sorted(call["call_id"] for call in site.customer.live_calls())
        assert (one, other[:4]) == ("one", "one;")


def test_a_call_that_pretends_to_be_going_on(site: Site) -> None:
    with site.proxy() as proxy, answering(proxy), Phone(proxy) as phone:
        phone.invite("x", callee=NUMBER, call_id="x", to_tag="made-up")
        phone.wait_for("x", 481)


def test_text_from_outside_is_never_executed(site: Site) -> None:
    site.customer.order_channels(1)
    sent: list[tuple[Any, Any]] = [(n, "+3225550200") for n in HOSTILE_IDS]
    sent += [(f"name{number}", name) for number, name in enumerate(HOSTILE_NAMES)]
    with site.proxy() as proxy, answering(proxy), Phone(proxy) as phone:
        for number, (call_id, caller) in enumerate(sent):
            phone.invite(f"{number}", callee=BUSY, call_id=call_id, caller=caller)
            phone.wait_for(f"{number}", 486)
            site.customer.wait_for_calls(0)
    expected = {(call_name(call_id), legible(caller)) for call_id, caller in sent}
    found = {(record["call_id"], record["caller"]) for record in site.customer.records()}
    assert found == expected


def call_name(call_id: str | bytes) -> str:
    """What a Call-ID is called in Fusion: itself, or its hash where it is no plain short path."""
    raw = call_id if isinstance(call_id, bytes) else call_id.encode()
    plain = raw.isascii() and b" " not in raw and not re.search(rb"(^|/)\.*(/|$)", raw)
    if plain and len(raw) <= 230:
        return raw.decode()
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def legible(name: str | bytes) -> str:
    """A name with ? for each byte that is not printable ASCII."""
    raw = name if isinstance(name, bytes) else name.encode()
    return re.sub(r"[^ -~]", "?", raw.decode("latin-1"))


def test_the_proxys_role_may_do_three_things(login: Login) -> None:
    with psycopg.connect(login.conninfo(), autocommit=True) as held:
        allowed = held.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n"
            " ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"
            " AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')"
            " AND n.nspname = 'calls'"
        ).fetchall()
        assert sorted(name.split("(")[0] for (name,) in allowed) == [
            "calls.admit",
            "calls.admit_replacing",
            "calls.end_call",
        ]
        for statement in ("SELECT FROM trunks_call", "DELETE FROM trunks_trunk"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                held.execute(statement)
