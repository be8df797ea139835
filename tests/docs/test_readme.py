"""The one order of the README, as a newcomer pastes it into a terminal."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.bounds import PATIENCE
from tests.docs.pages import ROOT
from tests.server import fusion, run_server
from tests.world import World

BLOCK = re.compile(r"<!-- one order: begin.*?```sh\n(.*?)```", re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_order_of_the_readme(world: World, tmp_path: Path) -> None:
    made = fusion("create-client", str(world.group.id), "--json")
    assert made.returncode == 0, made.stderr
    with run_server(tmp_path / "server.log", "--workers", "1") as server:
        facts = {
            "base_url": server.url,
            "subscription_id": str(world.subscription.id),
            "product_ids": {"seat": str(world.seat.id)},
            "clients": {"group": json.loads(made.stdout)},
        }
        (tmp_path / "var").mkdir()
        (tmp_path / "var" / "demo.json").write_text(json.dumps(facts))
        first, second = _paste(tmp_path), _paste(tmp_path)

    order, balances = first
    assert order["state"] == "completed"
    assert {(item["sku"], item["granted"]) for item in balances["items"]} == {
        ("user", 2),
        ("be-geographic", 2),
    }
    assert second == first, "the second time nothing is granted again"


def _paste(folder: Path) -> list[dict[str, Any]]:
    found = BLOCK.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found
    done = subprocess.run(
        ["sh", "-eu", "-c", found[1]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
