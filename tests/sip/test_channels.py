"""A real proxy is held to the channels that were ordered, by HTTP and by SQL."""

from tests.sip.calls import NUMBER, answering, offer
from tests.sip.phone import Phone
from tests.sip.site import Site

BUSY = ("486", 'Q.850;cause=34;text="No circuit/channel available"')
REJECTED = ("403", 'Q.850;cause=21;text="Call rejected"')


def test_ten_channels_and_fifteen_calls(site: Site) -> None:
    site.customer.order_channels(10)
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 15) as calls:
            assert calls.settle(15).outcomes() == ["486"] * 5 + ["up"] * 10
            assert calls.reasons() == {BUSY}
            assert len(site.customer.live_calls()) == 10
            assert calls.finish().up_at_once() == 10
        site.customer.wait_for_calls(0)  # the channels come back after the BYE
        with offer(proxy, 10) as again:
            assert again.settle(10).outcomes() == ["up"] * 10
            again.finish()
        site.customer.wait_for_calls(0)
    records = site.customer.records()
    assert len(records) == 20
    assert {record["reason"] for record in records} == {"ended"}


def test_more_channels_admit_more_calls_at_once(site: Site) -> None:
    site.customer.order_channels(10)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 11) as first:
        assert first.settle(11).outcomes() == ["486"] + ["up"] * 10
        site.customer.order_channels(5)
        with offer(proxy, 7) as more:
            assert more.settle(7).outcomes() == ["486"] * 2 + ["up"] * 5
            assert len(site.customer.live_calls()) == 15
            more.finish()
        first.finish()


def test_fewer_channels_cut_no_call(site: Site) -> None:
    site.customer.order_channels(3)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 3) as calls:
        calls.settle(3)
        site.customer.order_channels(-2)
        with offer(proxy, 1) as refused:
            assert refused.settle(1).outcomes() == ["486"]
        assert len(site.customer.live_calls()) == 3
        assert calls.finish().outcomes() == ["up"] * 3
        site.customer.wait_for_calls(0)
        with offer(proxy, 2) as after:
            assert after.settle(2).outcomes() == ["486", "up"]


def test_both_directions_count_together(site: Site) -> None:
    site.customer.order_channels(2)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 1) as outbound:
        outbound.settle(1)
        with offer(proxy, 2, inbound=True, callee="+3225550100") as inbound:
            assert inbound.settle(2).outcomes() == ["486", "up"]
            directions = [call["direction"] for call in site.customer.live_calls()]
            assert sorted(directions) == ["inbound", "outbound"]


def test_the_cap_of_the_trunk(site: Site) -> None:
    site.customer.order_channels(5)
    site.customer.cap(2)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 4) as calls:
        assert calls.settle(4).outcomes() == ["486", "486", "up", "up"]
        assert calls.reasons() == {BUSY}


EMERGENCIES = (
    "urn:service:sos",
    "URN:service:sos.police",
    "tel:112",
    "tel:1-1-2;phone-context=+32",
    "sips:112@192.0.2.1",
    "sip:+112@192.0.2.1;user=phone",
    "sip:+32112@192.0.2.1",
    "sip:%2B112@192.0.2.1",
    "sip:%31%31%32@192.0.2.1",
    "sip:112;phone-context=example.com@192.0.2.1",
)
"""Forms of an emergency call on a Belgian trunk."""

ORDINARY = (
    "urn:service:counseling",
    "sip:0112@192.0.2.1",
    "sip:+3211@192.0.2.1",
    "sip:911@192.0.2.1",
)


def test_an_emergency_call_passes_at_the_limit(site: Site) -> None:
    site.customer.order_channels(1)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 1) as calls:
        calls.settle(1)
        with offer(proxy, 1, callee="112") as emergency:
            assert emergency.settle(1).outcomes() == ["up"]
            flags = sorted(call["emergency"] for call in site.customer.live_calls())
            assert flags == [False, True]
        with offer(proxy, 1) as other:
            assert other.settle(1).outcomes() == ["486"]
        with Phone(proxy) as phone:
            for number, uri in enumerate(EMERGENCIES):
                phone.invite(f"{number}", uri=uri, call_id=f"sos{number}")
                phone.wait_for(f"{number}", 200)
            live = {call["call_id"]: call["emergency"] for call in site.customer.live_calls()}
            assert all(live[f"sos{number}"] for number, _ in enumerate(EMERGENCIES))
            for number, uri in enumerate(ORDINARY):
                phone.invite(f"no{number}", uri=uri, call_id=f"no{number}")
                phone.wait_for(f"no{number}", 486)


def test_a_suspended_subscription(site: Site) -> None:
    site.customer.order_channels(1)
    site.customer.suspend()
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 1) as calls:
            assert calls.settle(1).reasons() == {REJECTED}
        with offer(proxy, 1, callee="112") as emergency:
            assert emergency.settle(1).outcomes() == ["up"]


def test_long_texts_do_not_stop_an_emergency_call(site: Site) -> None:
    """A long caller is stored shortened; a long Call-ID is replaced by its hash."""
    site.customer.order_channels(1)
    long = "9" * 300
    with site.proxy() as proxy, answering(proxy), Phone(proxy) as phone:
        phone.invite("caller", callee="112", caller=long, call_id="help")
        phone.wait_for("caller", 200)
        (live,) = site.customer.live_calls()
        assert live["emergency"] and live["call_id"] == "help" and len(live["caller"]) == 255
        phone.invite("id", callee="112", call_id=f"help{long}")
        phone.wait_for("id", 200)
        assert len(site.customer.live_calls()) == 2


def test_the_calls_per_second_of_the_trunk(site: Site) -> None:
    site.customer.order_channels(20)
    site.customer.limit_rate(1)
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 6) as calls:
            calls.settle(6)
            assert set(calls.outcomes()) == {"503", "up"}
            assert calls.reasons() == {("503", "1")}
        with offer(proxy, 1, callee="112") as emergency:
            assert emergency.settle(1).outcomes() == ["up"]


def test_an_attended_transfer_needs_no_second_channel(site: Site) -> None:
    site.customer.order_channels(1)
    with site.proxy() as proxy, answering(proxy), Phone(proxy) as phone:
        phone.invite("one", callee=NUMBER, call_id="one@192.0.2.9")
        phone.wait_for("one", 200)
        phone.invite("no", callee=NUMBER, call_id="no", replaces="other;to-tag=1;from-tag=2")
        phone.wait_for("no", 486)
        replaces = "one@192.0.2.9;to-tag=7;from-tag=1"
        phone.invite("two", callee=NUMBER, call_id="two", replaces=replaces)
        phone.wait_for("two", 200)
        live = {call["call_id"]: call["replaces"] for call in site.customer.live_calls()}
        assert live == {"one@192.0.2.9": None, "two": "one@192.0.2.9"}
        phone.invite("more", callee=NUMBER, call_id="more", replaces=replaces)
        phone.wait_for("more", 486)


def test_a_long_call_id_is_counted(site: Site) -> None:
    """The proxy names such a call by a hash of its id."""
    site.customer.order_channels(1)
    with site.proxy() as proxy, answering(proxy), Phone(proxy) as phone:
        phone.invite("first", callee="+3225550199", call_id="9" * 300)
        phone.wait_for("first", 200)
        assert len(site.customer.live_calls()) == 1
        phone.invite("second", callee="+3225550199", call_id="8" * 300)
        phone.wait_for("second", 486)
