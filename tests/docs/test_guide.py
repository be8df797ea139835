"""The commands of the administrator's guide, as somebody pastes them into a terminal."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.bounds import PATIENCE
from tests.docs.pages import ROOT
from tests.numbers.stock import entitle, french, stock
from tests.server import run_server
from tests.users.staff import at, equip, job, outcomes, provision_batches
from tests.world import World, answer

COMMANDS = re.compile(r"```sh\n(.*?)```", re.DOTALL)
SHEET = re.compile(r"```\n(login;.*?)```", re.DOTALL)


def test_the_administrators_guide(world: World, tmp_path: Path) -> None:
    equip(world, 4, 0)
    entitle(world, 4)
    numbers = stock(world, 2)
    text = (ROOT / "docs/administrators-guide.md").read_text(encoding="utf-8")
    for written, real in zip(("+3225550000", "+3225550001"), numbers, strict=False):
        text = text.replace(written, real)
    text = text.replace('"be-geographic"', f'"{french(world).code}"')
    (tmp_path / "staff.csv").write_text(SHEET.findall(text)[0])
    with run_server(tmp_path / "log", "--workers", "1") as server:
        result = [_paste(block, server.url, world, tmp_path) for block in COMMANDS.findall(text)]
    balances, taken, linked, batch, trunk = result
    assert {item["sku"]: item["granted"] for item in balances["items"]} == {
        "user": 4,
        french(world).code: 4,
    }
    assert [item["e164"] for item in taken["items"]] == numbers
    assert (linked["login"], linked["number"]) == ("ada.brook", numbers[0])
    assert trunk["channel_cap"] == 20
    provision_batches()
    assert outcomes(world, batch["id"]) == [200, 201, 201]
    assert job(world, batch["id"])["failed"] == 0
    assert len(answer(world.call("GET", at(world)))["items"]) == 3


def _paste(block: str, api: str, world: World, folder: Path) -> dict[str, Any]:
    variables = {
        "api": api,
        "token": world.token(world.group),
        "subscription": str(world.subscription.id),
    }
    given = "".join(f"{name}='{value}'\n" for name, value in variables.items())
    done = subprocess.run(
        ["sh", "-eu", "-c", given + block],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document
