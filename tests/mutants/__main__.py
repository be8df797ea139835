"""Run the tests of a room on each mutant of its rules, in copies of the checkout.

    python -m tests.mutants ordering                        its rules
    python -m tests.mutants ordering decide.sql cancel.py   of these files only

The rules are `rules.py`, the files named in `RULES`, and all `.sql` files. A mutant that no test
kills is a survivor. `explained.toml` explains those that change no behaviour; these are not tried.
Exit code 1 with the list of the survivors, if an explanation fits no mutant, and if the time given
by `--minutes` ends before the mutants do.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.explained import explained, stale
from tests.mutants.making import ROOT, mutants
from tests.mutants.running import Killed, run_all

RULES = {
    "numbers": ("blocks.py", "parse.py", "resolve.py", "written.py"),
    "users": ("batch_row.py", "read_list.py"),
}
"""Rules outside `rules.py`: how a number and a list of users are read."""

MOVES = ("tests/lifecycle/test_tree_after.py", "tests/lifecycle/test_tree_moves.py")

BESIDE = {
    "catalogue": (
        "tests/ordering/test_product_rules.py",
        "tests/ordering/test_required_products.py",
    ),
    "tenancy": MOVES,
    "ledger": ("tests/ordering/test_pending.py", "tests/hot/test_same_answers.py"),
    "ordering": (
        *MOVES,
        "tests/lifecycle/test_dated.py",
        "tests/lifecycle/test_release_before.py",
        "tests/tenancy/test_references.py",
    ),
    "users": ("tests/lifecycle/test_link_numbers.py", *MOVES),
    "numbers": (
        *MOVES,
        "tests/lifecycle/test_many_numbers.py",
        "tests/lifecycle/test_move_numbers.py",
        "tests/trunks/test_routing.py",
        "tests/users/test_link.py",
    ),
}
"""Tests of other rooms: of rules of products, of what scheduled orders change in balances, of
orders that change the state of a subscription, of references, of links of many numbers, of moves in
the tree and between subscriptions, and of what a number may be linked to.
"""


def main() -> int:
    """The exit code: 0 if every mutant was tried or is explained, and none survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("room")
    parser.add_argument("files", nargs="*", help="of the room; its rules by default")
    parser.add_argument("--minutes", type=float, default=24 * 60, help="at most; 24 hours")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--tests", nargs="*", metavar="test_x.py", help="of the room, or `room/test_x.py`"
    )
    parser.add_argument(
        "--pure", action="store_true", help="only the tests without a database: quick, for Python"
    )
    given = parser.parse_args()
    names = [f"fusion/{given.room}/{name}" for name in given.files or _rules(given.room)]
    known = explained()
    every = [mutant for name in names for mutant in mutants(ROOT, name)]
    wanted = [mutant for mutant in every if mutant.key not in known]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fusion-mutants-") as home:
        Path(home).chmod(0o755)
        results: list[Killed] = []
        for killed in run_all(
            _tests(given.room, given.tests),
            wanted,
            Path(home),
            processes=given.processes,
            until=started + 60 * given.minutes,
            pure=given.pure,
        ):
            results.append(killed)
            sys.stdout.write(f"{killed}\n")
            sys.stdout.flush()
    left = [each.mutant for each in results if not each.by]
    untried = len(wanted) - len(results)
    wrong = stale(names)
    for mutant in left:
        sys.stdout.write(f"survived: {mutant}\n")
    for entry in wrong:
        sys.stdout.write(f"explained.toml explains no mutant: {entry}\n")
    sys.stdout.write(
        f"{given.room}: {len(every)} mutants, {len(results) - len(left)} killed,"
        f" {len(left)} survived, {len(every) - len(wanted)} explained, {untried} not tried;"
        f" {(time.monotonic() - started) / 60:.0f} minutes\n"
    )
    return bool(left or wrong or untried)


def _rules(room: str) -> list[str]:
    folder = ROOT / "fusion" / room
    named = ("rules.py", *RULES.get(room, ()))
    python = [name for name in named if (folder / name).exists()]
    sql = sorted(each.name for each in folder.glob("*.sql") if each.name != "former.sql")
    return python + sql


def _tests(room: str, names: Sequence[str] | None) -> list[str]:
    if names:
        return [f"tests/{name}" if "/" in name else f"tests/{room}/{name}" for name in names]
    return [f"tests/{room}/test_*.py", *BESIDE.get(room, ())]


if __name__ == "__main__":
    sys.exit(main())
