"""However a call ends, its channel comes back; while it lasts, it counts."""

from datetime import UTC, datetime, timedelta

from tests.server import wait_for
from tests.sip.calls import NUMBER, answering, offer
from tests.sip.site import LEASE, Site


def test_every_end_is_reported(site: Site) -> None:
    site.customer.order_channels(1)
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 1, callee=NUMBER + "486") as busy:
            assert busy.settle(1).reasons() == {("486", "")}  # the callee's own
        site.customer.wait_for_calls(0)
        with offer(proxy, 1, callee=NUMBER + "180", scenario="cancel") as given_up:
            given_up.reach("trying", 1)
            site.customer.wait_for_calls(1)
            assert given_up.finish().outcomes() == ["487"]
        site.customer.wait_for_calls(0)
        with offer(proxy, 1) as answered:
            answered.settle(1).finish()
        site.customer.wait_for_calls(0)
    assert [record["reason"] for record in site.customer.records()] == ["ended"] * 3


def test_a_challenged_call_is_tried_again_under_its_call_id(site: Site) -> None:
    """With one channel: that of the first attempt is there again when the second one comes."""
    site.customer.order_channels(1)
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 1, callee=NUMBER + "407", scenario="retry") as calls:
            assert calls.settle(1).outcomes() == ["up"]
            (live,) = site.customer.live_calls()
            calls.finish()
        site.customer.wait_for_calls(0)
    first, second = sorted(record["call_id"] for record in site.customer.records())
    assert second == live["call_id"]
    assert second.startswith(f"{first};")


def test_a_call_longer_than_the_proxy_allows(site: Site) -> None:
    site.customer.order_channels(1)
    with site.proxy(MAX_CALL="2") as proxy, answering(proxy), offer(proxy, 1) as calls:
        calls.settle(1).reach("ended", 1)  # the proxy's BYE
        site.customer.wait_for_calls(0)
    (record,) = site.customer.records()
    assert record["reason"] == "ended"


def test_calls_outlive_a_restart_of_the_proxy(site: Site, kept_calls: str) -> None:
    site.customer.order_channels(3)
    with (
        site.proxy("KEEP_CALLS", CALLS_DB=kept_calls) as proxy,
        answering(proxy),
        offer(proxy, 3) as calls,
    ):
        calls.settle(3)
        proxy.kill()
        proxy.restart()
        live = site.customer.live_calls()
        before = {call["call_id"]: call["lease_expires_at"] for call in live}
        assert len(before) == 3

        def renewed() -> bool:
            now = {c["call_id"]: c["lease_expires_at"] for c in site.customer.live_calls()}
            return all(now[call_id] > lease for call_id, lease in before.items())

        wait_for(renewed, "the leases are renewed", LEASE)
        calls.finish()
        site.customer.wait_for_calls(0)
    assert [record["reason"] for record in site.customer.records()] == ["ended"] * 3


def test_calls_outlive_their_lease_and_a_killed_proxy_does_not(site: Site) -> None:
    site.customer.order_channels(2)
    with site.proxy() as proxy, answering(proxy), offer(proxy, 2) as calls:
        calls.settle(2)
        live = site.customer.live_calls()
        admitted = max(datetime.fromisoformat(call["admitted_at"]) for call in live)
        lapse = admitted + timedelta(seconds=LEASE)
        wait_for(lambda: datetime.now(UTC) > lapse, "the first lease is over")
        renewed = site.customer.live_calls()
        # Renewed, and not admitted again.
        assert {c["call_id"]: c["admitted_at"] for c in renewed} == {
            c["call_id"]: c["admitted_at"] for c in live
        }
        proxy.kill()
        calls.abandon()
        assert len(site.customer.live_calls()) == 2
        site.customer.wait_for_calls(0)  # no worker runs: leases lapse by themselves
    with site.proxy(name="next") as proxy, answering(proxy), offer(proxy, 2) as calls:
        assert calls.settle(2).outcomes() == ["up", "up"]
