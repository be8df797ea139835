"""A real proxy is held to the channels that were ordered, by HTTP and by SQL."""

from tests.sip.calls import answering, offer
from tests.sip.conftest import LEASE, Site
from tests.sip.proxy import Proxy

BUSY = ("486", 'Q.850;cause=34;text="No circuit/channel available"')


def test_ten_channels_and_fifteen_calls(site: Site) -> None:
    site.provider.order_channels(10)
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 15, hold=2.0) as calls:
            calls.settle(15)
            assert sorted(calls.outcomes()) == ["486"] * 5 + ["up"] * 10
            assert calls.reasons() == {BUSY}
            assert len(site.provider.live_calls()) == 10
            calls.finish()
            assert calls.up_at_once() == 10
        site.provider.wait_for_calls(0)  # the channels come back after the BYE
        with offer(proxy, 10, hold=0.5) as again:
            assert again.settle(10).finish().outcomes() == ["up"] * 10
        site.provider.wait_for_calls(0)
    assert {record["reason"] for record in site.provider.records()} == {"ended"}
    assert len(site.provider.records()) == 20


def test_more_channels_admit_more_calls_at_once(site: Site) -> None:
    site.provider.order_channels(2)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 3, hold=4.0) as first:
        assert sorted(first.settle(3).outcomes()) == ["486", "up", "up"]
        site.provider.order_channels(5)
        with offer(proxy, 7, hold=1.0) as more:
            assert sorted(more.settle(7).outcomes()) == ["486"] * 2 + ["up"] * 5
            assert len(site.provider.live_calls()) == 7
            more.finish()
        first.finish()


def test_fewer_channels_cut_no_call(site: Site) -> None:
    site.provider.order_channels(3)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 3, hold=3.0) as calls:
        calls.settle(3)
        site.provider.order_channels(-2)
        with offer(proxy, 1) as refused:
            assert refused.settle(1).outcomes() == ["486"]
        assert len(site.provider.live_calls()) == 3
        assert calls.finish().outcomes() == ["up"] * 3
        site.provider.wait_for_calls(0)
        with offer(proxy, 2, hold=1.0) as after:
            assert sorted(after.settle(2).outcomes()) == ["486", "up"]


def test_both_directions_count_together(site: Site) -> None:
    site.provider.order_channels(2)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 1, hold=3.0) as outbound:
        outbound.settle(1)
        with offer(proxy, 2, hold=1.0, inbound=True, callee="+3225550100") as inbound:
            assert sorted(inbound.settle(2).outcomes()) == ["486", "up"]
            directions = {call["direction"] for call in site.provider.live_calls()}
            assert directions == {"inbound", "outbound"}


def test_the_cap_of_the_trunk(site: Site) -> None:
    site.provider.order_channels(5)
    site.provider.cap(2)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 4, hold=1.0) as calls:
        assert sorted(calls.settle(4).outcomes()) == ["486", "486", "up", "up"]
        assert calls.reasons() == {BUSY}


def test_an_emergency_call_passes_at_the_limit(site: Site) -> None:
    site.provider.order_channels(1)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 1, hold=3.0) as calls:
        calls.settle(1)
        with offer(proxy, 1, hold=1.0, callee="112") as emergency:
            assert emergency.settle(1).outcomes() == ["up"]
            flags = sorted(call["emergency"] for call in site.provider.live_calls())
            assert flags == [False, True]
        with offer(proxy, 1) as other:
            assert other.settle(1).outcomes() == ["486"]


def test_a_suspended_subscription(site: Site) -> None:
    site.provider.order_channels(1)
    site.provider.suspend()
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 1) as calls:
            assert calls.settle(1).reasons() == {("403", 'Q.850;cause=21;text="Call rejected"')}
        with offer(proxy, 1, callee="112", hold=0.2) as emergency:
            assert emergency.settle(1).outcomes() == ["up"]


def test_calls_outlive_their_lease(site: Site) -> None:
    site.provider.order_channels(2)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 2, hold=LEASE + 2) as calls:
        calls.settle(2)
        admitted = {call["call_id"]: call["admitted_at"] for call in site.provider.live_calls()}
        calls.finish()
        site.provider.wait_for_calls(0)
    for record in site.provider.records():
        assert record["admitted_at"] == admitted[record["call_id"]]  # renewed, not admitted again
        assert record["duration_seconds"] > LEASE


def test_a_killed_proxy_gives_its_channels_back(site: Site) -> None:
    site.provider.order_channels(2)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 2, hold=60.0) as calls:
        calls.settle(2)
        proxy.kill()
        assert len(site.provider.live_calls()) == 2
        calls.abandon()
    site.provider.wait_for_calls(
        0, patience=LEASE + 5
    )  # no worker runs: leases lapse by themselves
    with site.proxy(name="next") as proxy, answering(proxy), offer(proxy, 2, hold=0.2) as calls:
        assert calls.settle(2).outcomes() == ["up", "up"]


def ends(site: Site, proxy: Proxy, callee: str, outcomes: list[str], **more: object) -> None:
    """The call comes to these outcomes, and its channel comes back."""
    with offer(proxy, 1, callee=callee, hold=0.3, **more) as calls:  # type: ignore[arg-type]
        assert calls.settle(1).finish().outcomes() == outcomes
    site.provider.wait_for_calls(0)


def test_every_end_is_told(site: Site) -> None:
    site.provider.order_channels(1)
    with site.proxy(MAX_CALL="2") as proxy, answering(proxy):
        ends(site, proxy, "+32255501486", ["486"])  # the callee is busy
        ends(site, proxy, "+32255501180", ["487"], scenario="cancel")
        ends(site, proxy, "+32255501407", ["up"], scenario="retry")  # challenged, then answered
        with offer(proxy, 1, hold=60.0) as calls:
            calls.settle(1)
            site.provider.wait_for_calls(0, patience=10)  # the dialog's time-out
            calls.abandon()
    told = {(record["reason"], record["emergency"]) for record in site.provider.records()}
    assert told == {("ended", False)}
