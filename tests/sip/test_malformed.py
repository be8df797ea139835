"""An emergency call passes the proxy however the rest of its INVITE looks."""

from typing import Any

import pytest

from tests.sip.calls import NUMBER, answering
from tests.sip.phone import Phone
from tests.sip.site import Site

LONG = "x" * 400

SENDERS: tuple[str | bytes, ...] = (
    "<sip:example.com>;tag=1",
    "<sip:@example.com>;tag=1",
    "sip:anonymous@anonymous.invalid;tag=1",
    '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1',
    "<tel:>;tag=1",
    "<tel:+3225550200>;tag=1",
    "<sip:a%zz@example.com>;tag=1",
    "<foo:bar>;tag=1",
    b'"caf\xe9" <sip:caf\xe9@example.com>;tag=1',
    f'"{LONG}" <sip:{LONG}@example.com>;tag=1',
    "<sip:alice@>;tag=1",
    "<sip:alice@example.com:99999999>;tag=1",
)
"""What a telephone system may write into From. Kamailio drops a From whose brackets are empty or
contain a space, before its configuration runs."""

MORE: tuple[tuple[str | bytes, ...], ...] = (
    ("Replaces: ",),
    ("Replaces: ;to-tag=1",),
    ("Replaces: ;;",),
    (f"Replaces: {LONG};to-tag=1;from-tag=1",),
    (b"Replaces: \xff\x01;to-tag=1;from-tag=1",),
    ("Replaces: a;to-tag=1;from-tag=1", "Replaces: b;to-tag=1;from-tag=1"),
    ("Expires: soon",),
    ("Content-Type: nonsense",),
    ("P-Asserted-Identity: <>",),
)
"""Further headers."""

RECIPIENTS = ("<sip:example.com>", "<tel:112>", "<urn:service:sos>", "<foo:bar>", LONG)
"""What a telephone system may write into To."""


@pytest.mark.timeout(300)
def test_an_emergency_call_passes(site: Site) -> None:
    calls: list[dict[str, Any]] = [{"sender": sender} for sender in SENDERS]
    calls += [{"more": more} for more in MORE]
    calls += [{"recipient": recipient} for recipient in RECIPIENTS]
    failed: list[Any] = []
    with site.proxy() as proxy, answering(proxy), Phone(proxy) as phone:
        for number, call in enumerate(calls):
            phone.invite(f"e{number}", callee="112", call_id=f"e{number}", **call)
            try:
                phone.wait_for(f"e{number}", 200)
            except AssertionError:
                failed.append((call, phone.statuses(f"e{number}")))
        live = {call["call_id"]: call for call in site.customer.live_calls()}
        failed += [(calls[n], "not counted") for n in range(len(calls)) if f"e{n}" not in live]
        assert failed == [], "\n".join(map(repr, failed))
        assert all(call["emergency"] for call in live.values())


def test_a_caller_without_a_name_is_counted(site: Site) -> None:
    """Its call needs a channel like any other, and is recorded without a caller."""
    site.customer.order_channels(1)
    with site.proxy() as proxy, answering(proxy), Phone(proxy) as phone:
        phone.invite("one", callee=NUMBER, call_id="one", sender="<sip:example.com>;tag=1")
        phone.wait_for("one", 200)
        (live,) = site.customer.live_calls()
        assert (live["call_id"], live["caller"]) == ("one", "")
        phone.invite("two", callee=NUMBER, call_id="two", sender="<tel:>;tag=1")
        phone.wait_for("two", 486)
