"""What happens when Fusion gives no answer, or a late one: the operator's choice, and no more."""

import time

from tests.server import wait_for
from tests.sip.calls import answering, offer
from tests.sip.conftest import Site


def test_fail_closed(site: Site) -> None:
    site.provider.order_channels(2)
    with site.proxy() as proxy, answering(proxy):
        site.gate.close()
        with offer(proxy, 2) as calls:
            assert calls.settle(2).reasons() == {("503", "10")}
        with offer(proxy, 1, callee="112", hold=0.2) as emergency:
            assert emergency.settle(1).outcomes() == ["up"]
        site.gate.open()

        def gets_through() -> bool:
            with offer(proxy, 1, hold=0.2) as call:
                return call.settle(1).outcomes() == ["up"]

        wait_for(gets_through, "calls pass again")


def test_fail_open_with_the_channels_known_last(site: Site) -> None:
    site.provider.order_channels(3)
    with site.proxy("FUSION_FAIL_OPEN") as proxy, answering(proxy):
        with offer(proxy, 1, hold=6.0) as known:
            known.settle(1)
            site.gate.close()
            with offer(proxy, 4, hold=5.0) as calls:
                assert sorted(calls.settle(4).outcomes()) == ["486"] * 2 + ["up"] * 2
                site.gate.open()
                site.provider.wait_for_calls(3)  # Fusion comes to know of them by their renewal
                calls.finish()
            known.finish()
        site.provider.wait_for_calls(0)


def test_fail_open_before_anything_is_known(site: Site) -> None:
    site.gate.close()
    words = {"FALLBACK_CHANNELS": "2"}
    with (
        site.proxy("FUSION_FAIL_OPEN", **words) as proxy,
        answering(proxy),
        offer(proxy, 3) as calls,
    ):
        assert sorted(calls.settle(3).outcomes()) == ["486", "up", "up"]


def test_an_end_that_could_not_be_told_arrives_later(site: Site) -> None:
    site.provider.order_channels(1)
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 1, hold=0.3) as call:
            call.settle(1)
            site.gate.close()
            call.finish()
        assert len(site.provider.live_calls()) == 1
        site.gate.open()
        site.provider.wait_for_calls(0)
    (record,) = site.provider.records()
    assert record["reason"] == "ended"


def test_a_slow_answer_keeps_nobody_waiting(site: Site) -> None:
    """A CANCEL is answered while the question is under way; a repeated INVITE asks nothing."""
    site.provider.order_channels(1)
    with site.proxy(ANSWER_WITHIN="4") as proxy, answering(proxy):
        with offer(proxy, 1, hold=0.1) as first:  # the connections are there now
            first.settle(1).finish()
        site.provider.wait_for_calls(0)
        site.gate.delay = 1.5
        began = time.monotonic()
        with offer(proxy, 1, hold=0.2, scenario="cancel") as given_up:
            assert given_up.settle(1).outcomes() == ["487"]
            assert time.monotonic() - began < 1.4
            given_up.finish()
        with offer(proxy, 1, hold=0.5) as patient:  # sent again after half a second
            assert patient.settle(1).finish().outcomes() == ["up"]
        site.gate.delay = 0.0
        site.provider.wait_for_calls(0)
    assert len(site.provider.records()) <= 3


def test_what_strangers_write_is_only_text(site: Site) -> None:
    site.provider.order_channels(1)
    caller, call_id = "a'b", "x'\");--\\u0000/{$ci}?#&=+%u@%s"
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 1, hold=0.3, caller=caller, call_id=call_id) as calls:
            assert calls.settle(1).outcomes() == ["up"]
            (live,) = site.provider.live_calls()
            assert live["caller"] == caller
            assert live["call_id"].startswith("x'\");--\\u0000/{$ci}?#&=+")
            calls.finish()
        site.provider.wait_for_calls(0)
