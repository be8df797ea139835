"""A primary that stands still under a load of orders, and its standby, which takes its place."""

import os
import time
from pathlib import Path

import httpx
import pytest

from fusion.kernel.ids import new_id
from fusion.kernel.postgresql.pulse import PROBE_AFTER, SUSPECT_AFTER
from tests.events.clusters import dump, spare_cluster
from tests.faults.load import Load, check, place
from tests.faults.network import network
from tests.faults.standby import promote, standby_of, stopped
from tests.server import fusion, run_server, wait_for
from tests.world import World

SLACK = 2.0
"""Seconds that a client may wait for longer than the promotion takes."""

BUSY = 1.5
"""Seconds more, as tests run beside each other on few cores."""

NOTICED = PROBE_AFTER + SUSPECT_AFTER
"""Seconds after which a server looks elsewhere: promoted sooner, nobody is served sooner."""


@pytest.mark.long
def test_promoted_under_load(world: World, tmp_path: Path) -> None:
    """No acknowledged order is lost or doubled, and clients wait little longer than they must."""
    world.token(world.group)
    backup = dump(os.environ["DATABASE_URL"], tmp_path / "fusion.dump")
    with spare_cluster(fast=False) as spare:
        spare.restore(backup, "pair")
        owner = {"DATABASE_URL": spare.cluster.url("pair")}
        assert fusion("migrate", environment=owner).returncode == 0
        with (
            standby_of(spare.cluster) as standby,
            network(spare.cluster.server_url("pair")) as first,
            network(standby.server_url("pair")) as second,
        ):
            alone = {"DATABASE_URL": second.url(), "FUSION_DATABASE_POOL_WAIT": "3"}
            with run_server(tmp_path / "alone", ready=False, environment=alone) as server:
                _check_standby(server.url, world)
            both = first.url().replace(f":{first.port}/", f":{first.port},127.0.0.1:{second.port}/")
            options = ("--workers", "2", "--threads", "4")
            with run_server(
                tmp_path / "log", *options, environment={"DATABASE_URL": both}
            ) as server:
                load = Load(world, server.url, clients=4)
                load.wait_for_more(20)
                away = time.monotonic()
                with stopped(spare.cluster):
                    time.sleep(NOTICED)
                    promote(standby)
                    promotion = time.monotonic() - away
                    load.wait_for_more(20)
                    result = load.stop()
                    allowed = promotion + SLACK + BUSY
                    assert result.longest_gap < allowed, (result.longest_gap, promotion)
                    check(world, server.url, standby.url("pair"), result)
                    assert httpx.get(f"{server.url}/readyz").status_code == 200
            books = fusion("verify", environment={"DATABASE_URL": standby.url("pair")})
            assert books.returncode == 0, books.stdout


def _check_standby(url: str, world: World) -> None:
    """Not ready, and what would change something is refused for now; reading goes on."""
    wait_for(lambda: httpx.get(f"{url}/readyz", timeout=10).status_code == 503, "it says so")
    detail = httpx.get(f"{url}/readyz", timeout=10).json()["detail"]
    assert detail == "The database is read-only: it is a standby, or it is set to read-only."
    with httpx.Client(timeout=30) as http:
        refused = place(http, url, world.token(world.group), world, "too early")
    assert refused is not None
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable"), refused.text
    assert int(refused.headers["Retry-After"]) > 0
    _check_refused(url, world)
    headers = {"Authorization": f"Bearer {world.token(world.group)}"}
    products = httpx.get(f"{url}/api/v1/products", headers=headers, timeout=30)
    assert products.status_code == 200


def _check_refused(url: str, world: World) -> None:
    """What is written elsewhere than by orders: a token, a call, a customer, a sign-in."""
    basic = ("no client", "no secret")
    headers = {"Authorization": f"Bearer {world.token(world.group)}", "Idempotency-Key": "early"}
    with httpx.Client(base_url=url, timeout=30) as http:
        token = http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=basic)
        call = http.put(
            f"/api/v1/trunks/{new_id()}/calls/inbound/1",
            json={"caller": "", "callee": "+3225550199"},
            headers=headers,
        )
        tenant = http.post(
            "/api/v1/organizations",
            json={"kind": "tenant", "parent_id": str(world.group.id), "name": "Early"},
            headers=headers,
        )
    for answer in (token, call, tenant):
        assert answer.status_code in (401, 404, 503), answer.text
    assert tenant.status_code == 503, tenant.text
