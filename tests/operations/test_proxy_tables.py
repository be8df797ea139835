"""`fusion proxy-tables`: what it writes, when, and whom it tells."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fusion.cli import run
from fusion.trunks.proxy_tables import HEAD, national_form
from tests.numbers.stock import assigned, entitle, stock
from tests.server import wait_for
from tests.trunks.calling import make_trunk, trunks_path
from tests.world import World

NAME, NUMBERS = "emergency_of_trunk", "trunk_of_number"


def rows_of(directory: Path, name: str = NAME) -> dict[str, str]:
    """Key → value of a table."""
    head, *lines = (directory / name).read_text(encoding="ascii").splitlines()
    assert head == HEAD
    fields = [line.split(":") for line in lines]
    assert all(len(each) == 5 and each[1:3] == ["0", "0"] for each in fields)
    return {each[0]: each[3] for each in fields}


def test_emergency_numbers_of_each_trunk(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trunk = make_trunk(world, country="GB", outside_line_prefixes=["9", "*8"])["id"]
    elsewhere = make_trunk(World())["id"]
    assert run(["proxy-tables", str(tmp_path), "--group", str(world.group.id)]) == 0
    assert f"{NAME}: written" in capsys.readouterr().out
    rows = rows_of(tmp_path)
    assert set(rows) == {"*", trunk}
    for dialled in ("999", "+44999", "9112", "*8999", "0044999"):
        assert re.search(rows[trunk], dialled), dialled
    for dialled in ("911", "0999", "9990", "+1999"):
        assert not re.search(rows[trunk], dialled), dialled
    assert run(["proxy-tables", str(tmp_path)]) == 0
    assert {trunk, elsewhere} <= set(rows_of(tmp_path))


def test_the_trunk_of_each_number(world: World, tmp_path: Path) -> None:
    first, second = stock(world, 2)
    entitle(world, 2)
    assigned(world, first, second)
    trunk, other = make_trunk(world)["id"], make_trunk(world)["id"]
    for number, routed in ((first, trunk), (second, other)):
        assert world.call("PUT", trunks_path(world, routed, "numbers", number)).status_code == 200
    assert run(["proxy-tables", str(tmp_path), "--group", str(world.group.id)]) == 0
    assert rows_of(tmp_path, NUMBERS) == {
        first: trunk,
        f"0{first[3:]}": trunk,
        second: other,
        f"0{second[3:]}": other,
    }
    world.call("DELETE", trunks_path(world, trunk, "numbers", first))
    assert run(["proxy-tables", str(tmp_path), "--group", str(world.group.id)]) == 0
    assert set(rows_of(tmp_path, NUMBERS)) == {second, f"0{second[3:]}"}


@pytest.mark.parametrize(
    ("e164", "national"),
    [
        ("+3225550100", "025550100"),
        ("+12125550100", "2125550100"),
        ("+3612345678", "0612345678"),
        ("+34910000000", "910000000"),
        ("+80012345678", None),
        ("+999", None),
    ],
)
def test_national_forms(e164: str, national: str | None) -> None:
    assert national_form(e164) == national


def test_only_what_has_changed_is_written_and_reloaded(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trunk = make_trunk(world)["id"]
    reloads = tmp_path / "reloads"
    script = tmp_path / "reload"
    script.write_text(f'#!/bin/sh\necho "$1" >>{reloads}\n', encoding="ascii")
    script.chmod(0o755)
    tables = tmp_path / "tables"
    tables.mkdir()
    command = ["proxy-tables", str(tables), "--group", str(world.group.id), "--reload", str(script)]
    for _ in range(2):
        assert run(command) == 0
    assert reloads.read_text(encoding="ascii").split() == [NAME, NUMBERS]
    assert sorted(file.name for file in tables.iterdir()) == [NAME, NUMBERS]
    world.call("PATCH", trunks_path(world, trunk), {"outside_line_prefixes": ["0"]})
    assert run(command) == 0
    assert reloads.read_text(encoding="ascii").split() == [NAME, NUMBERS, NAME]
    assert capsys.readouterr().out.count("written") == 3


def test_refused(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code, words in (
        (["/nonexistent"], 2, "does not exist"),
        ([str(tmp_path), "--group", str(world.tenant.id)], 2, "is a tenant"),
        ([str(tmp_path), "--every", "0"], 2, "0"),
        ([str(tmp_path), "--reload", "/nonexistent"], 1, "not reloaded"),
        ([str(tmp_path), "--reload", "false"], 0, ""),  # nothing had changed
    ):
        assert run(["proxy-tables", *arguments]) == code, arguments
        assert words in capsys.readouterr().err


def test_it_follows_changes(world: World, tmp_path: Path) -> None:
    trunk = make_trunk(world)["id"]
    arguments = ["proxy-tables", str(tmp_path), "--group", str(world.group.id), "--every", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "fusion.cli", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=os.environ,
    )
    try:
        wait_for((tmp_path / NAME).exists, "the table exists", 60)
        added = make_trunk(world, country="US")["id"]
        wait_for(lambda: set(rows_of(tmp_path)) == {"*", trunk, added}, "the new trunk", 60)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
