"""What happens when Fusion gives no answer, or a late one: the operator's choice, and no more."""

import time
from pathlib import Path

from tests.server import run_server, wait_for
from tests.sip.calls import answering, offer
from tests.sip.phone import Phone
from tests.sip.proxy import Proxy, answers
from tests.sip.site import LEASE, Site
from tests.sip.test_channels import BUSY, EMERGENCIES, ORDINARY


def test_fail_closed(site: Site) -> None:
    site.customer.order_channels(2)
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 1) as known:  # so that there is a connection to lose
            known.settle(1)
            site.gate.close()
            with offer(proxy, 2) as calls:
                assert calls.settle(2).reasons() == {("503", "10")}
            with offer(proxy, 1, callee="112") as emergency, Phone(proxy) as phone:
                assert emergency.settle(1).outcomes() == ["up"]
                for number, uri in enumerate(EMERGENCIES):
                    phone.invite(f"sos{number}", uri=uri, call_id=f"sos{number}")
                    phone.wait_for(f"sos{number}", 200)
                for number, uri in enumerate(ORDINARY):
                    phone.invite(f"no{number}", uri=uri, call_id=f"no{number}")
                    phone.wait_for(f"no{number}", 503)
                site.gate.open()
                # Fusion learns of them by their renewal.
                site.customer.wait_for_calls(2 + len(EMERGENCIES))
                emergency.finish()
            known.finish()
        site.customer.wait_for_calls(len(EMERGENCIES))
        site.customer.order_channels(len(EMERGENCIES) - 1)
        with offer(proxy, 2) as again:
            assert again.settle(2).outcomes() == ["486", "up"]


def test_fail_open_with_the_channels_known_last(site: Site) -> None:
    site.customer.order_channels(10)
    with site.proxy("FUSION_FAIL_OPEN") as proxy, answering(proxy), offer(proxy, 1) as known:
        known.settle(1)
        site.gate.close()
        with offer(proxy, 14) as calls:
            assert calls.settle(14).outcomes() == ["486"] * 5 + ["up"] * 9
            assert calls.reasons() == {BUSY}
            assert len(site.customer.live_calls()) <= 1
            site.gate.open()
            site.customer.wait_for_calls(10)  # Fusion comes to know of them by their renewal
            with offer(proxy, 1) as more:
                assert more.settle(1).outcomes() == ["486"]
            calls.finish()
        known.finish()
        site.customer.wait_for_calls(0)


def test_fail_open_before_anything_is_known(site: Site) -> None:
    site.gate.close()
    with (
        site.proxy("FUSION_FAIL_OPEN", FALLBACK_CHANNELS="2") as proxy,
        answering(proxy),
        offer(proxy, 3) as calls,
    ):
        assert calls.settle(3).outcomes() == ["486", "up", "up"]


def test_a_server_that_is_stopped(site: Site, tmp_path: Path) -> None:
    """By HTTP the fallback happens; by SQL, which needs the database alone, nothing does."""
    site.customer.order_channels(2)
    with (
        run_server(tmp_path / "log", "--workers", "1") as server,
        site.proxy(name="closed", FUSION_URL=server.url) as closed,
        site.proxy("FUSION_FAIL_OPEN", name="open", FUSION_URL=server.url) as opened,
        answering(closed),
        answering(opened),
        offer(opened, 1) as known,
    ):
        known.settle(1)
        server.stop()
        with offer(closed, 1) as calls:
            refused = {("503", "10")} if site.way == "http" else set()
            assert calls.settle(1).reasons() == refused
            calls.finish()
        site.customer.wait_for_calls(1)
        with offer(opened, 2) as calls:
            assert calls.settle(2).outcomes() == ["486", "up"]


def test_an_unreported_end_is_retried(site: Site) -> None:
    site.customer.order_channels(1)
    with site.proxy() as proxy, answering(proxy):
        with offer(proxy, 1) as call:
            call.settle(1)
            site.gate.close()
            call.finish()
        assert len(site.customer.live_calls()) == 1
        site.gate.open()
        site.customer.wait_for_calls(0)
    (record,) = site.customer.records()
    assert record["reason"] == "ended"  # told, and not lapsed


def test_a_slow_fusion_keeps_no_sip_worker_waiting(site: Site) -> None:
    """More calls ask than there are processes to ask, and each is cancelled at once."""
    site.customer.order_channels(1)
    with site.proxy() as proxy, answering(proxy):
        assert gets_through(proxy)  # there are connections, and a token
        site.customer.wait_for_calls(0)
        site.gate.block()
        with offer(proxy, 12, scenario="cancel") as calls:
            calls.reach("trying", 12)
            began = time.monotonic()
            assert answers(proxy, 2)
            assert calls.hang_up().settle(12).outcomes() == ["487"] * 12
            assert time.monotonic() - began < 5  # and none of them has had an answer
            calls.finish()
        site.gate.unblock()
        # Those that are admitted now, all the same, are ended before their leases lapse.
        wait_for(lambda: gets_through(proxy), "the channel is free", LEASE - 1)
        site.customer.wait_for_calls(0)
    assert {record["reason"] for record in site.customer.records()} == {"ended"}


def test_an_answer_that_comes_too_late(site: Site) -> None:
    site.customer.order_channels(1)
    with site.proxy(ANSWER_WITHIN="1") as proxy, answering(proxy):
        assert gets_through(proxy)  # there are connections, and a token
        site.customer.wait_for_calls(0)
        site.gate.block()
        with offer(proxy, 1) as call:
            assert call.settle(1).reasons() == {("503", "10")}
        site.gate.unblock()  # the question arrives, and its end
        wait_for(lambda: gets_through(proxy), "the channel is free", LEASE - 1)
        site.customer.wait_for_calls(0)
    assert {record["reason"] for record in site.customer.records()} == {"ended"}


def gets_through(proxy: Proxy) -> bool:
    """Offer one call, and hang up when it is up."""
    with offer(proxy, 1) as call:
        return call.settle(1).finish().outcomes() == ["up"]
