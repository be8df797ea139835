"""The short form of `make faults`: PostgreSQL of a pair's primary is killed, once."""

import os
import re
import subprocess
import sys

import pytest

from tests.faults.pair import FILES
from tests.faults.rounds import FAULTS

WITHIN = 15
"""Seconds beyond the pair's own absence: other tests keep this machine busy."""


@pytest.mark.long
@pytest.mark.once
def test_the_primary_of_a_pair_is_killed() -> None:
    """Nothing is lost or doubled, and the books agree: else the exit code is 1."""
    unset = ("DATABASE_URL", "FUSION_TEST_BINDIR")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--short", "--within", str(WITHIN)],
        env={name: value for name, value in os.environ.items() if name not in unset},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    row = done.stdout.splitlines()[-1].split(" | ")
    assert row[0] == f"| {next(iter(FAULTS))}"
    acknowledged, refused, lost, doubled = map(int, row[1:5])
    assert acknowledged > 50
    assert (refused > 0, lost, doubled) == (True, 0, 0)


def test_all_that_differs_is_filled_in_at_one_place() -> None:
    files = [
        file.read_text() for file in FILES.iterdir() if file.suffix in (".yml", ".cfg", ".env")
    ]
    used = {name for text in files for name in re.findall(r"\$\{(\w+)\}", text)}
    given = re.findall(r"^(\w+)=", (FILES / "pair.env").read_text(), re.MULTILINE)
    assert used == set(given)
