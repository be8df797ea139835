"""The short form of `make faults`: PostgreSQL of a pair's primary is killed, once."""

import os
import subprocess
import sys

import pytest

from tests.faults.rounds import FAULTS

WITHIN = 15
"""Seconds beyond the pair's own absence: other tests keep this machine busy."""


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
