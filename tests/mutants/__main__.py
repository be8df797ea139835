"""Run the tests of a room on each mutant of its rules, in a copy of the checkout.

    python -m tests.mutants ordering                        its rules.py
    python -m tests.mutants ordering decide.sql cancel.py
    python -m tests.mutants ledger                          has no rules.py: its .sql files

A mutant that no test kills is a survivor; `explained.toml` explains some. Exit code 1 with the
list of all others. The pure tests (`test_rules*.py`) come first: they need no database.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.making import Mutant, mutants
from tests.temporary_database import run_temporary

ROOT = Path(__file__).resolve().parents[2]
EXPLAINED = Path(__file__).with_name("explained.toml")
MINUTES = 20
NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"


def main() -> int:
    """The exit code: 0 if every survivor is explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("room")
    parser.add_argument("files", nargs="*", help="of the room; its rules.py, or else its .sql")
    parser.add_argument("--pure", action="store_true", help="only the tests without a database")
    given = parser.parse_args()
    explained = {
        (each["file"], each["line"], each["change"])
        for each in tomllib.loads(EXPLAINED.read_text(encoding="utf-8")).get("survivor", [])
    }
    files = given.files or _rules(given.room)
    with tempfile.TemporaryDirectory(prefix="fusion-mutants-") as home:
        Path(home).chmod(0o755)
        copy = _copy(Path(home) / "checkout")
        if given.pure:
            left = _survivors(given.room, files, copy, NO_DATABASE, pure=True)
        else:
            with run_temporary(Path(home) / "postgres", fast=True) as held:
                left = _survivors(given.room, files, copy, held.url, pure=False)
    unexplained = [each for each in left if (each.file, each.line, each.change) not in explained]
    for each in unexplained:
        sys.stdout.write(f"survived: {each}\n")
    sys.stdout.write(f"{len(left)} survivors, {len(left) - len(unexplained)} of them explained\n")
    return bool(unexplained)


def _rules(room: str) -> list[str]:
    folder = ROOT / "fusion" / room
    python = folder / "rules.py"
    return [python.name] if python.exists() else sorted(each.name for each in folder.glob("*.sql"))


def _copy(target: Path) -> Path:
    """A copy of the sources: the checkout itself is never changed."""
    for name in ("fusion", "tests", "docs", "pyproject.toml", "README.md"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)
    return target


def _survivors(
    room: str, files: Sequence[str], copy: Path, url: str, *, pure: bool
) -> list[Mutant]:
    room_tests = copy / "tests" / room
    fast = [str(file) for file in sorted(room_tests.glob("test_rules*.py"))]
    stages = [["--noconftest", "-p", "tests.mutants.pure", *fast]] if fast else []
    if not pure:
        stages.append([str(room_tests)])
    for stage in stages:
        assert _passes(stage, copy, url), f"the tests fail without a mutant: {stage}"
    left = []
    for name in files:
        file = f"fusion/{room}/{name}"
        for mutant in mutants(ROOT, file):
            (copy / file).write_text(mutant.text, encoding="utf-8")
            killed = not all(_passes(stage, copy, url) for stage in stages)
            sys.stdout.write(f"{'killed  ' if killed else 'SURVIVED'} {mutant}\n")
            sys.stdout.flush()
            if not killed:
                left.append(mutant)
        shutil.copy(ROOT / file, copy / file)
    return left


def _passes(stage: Sequence[str], copy: Path, url: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:randomly", *stage]
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "fusion.settings",
        "FUSION_SECRET_KEY": "for the tests only, of no use anywhere else",
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            env=environment,
            capture_output=True,
            check=False,
            timeout=MINUTES * 60,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
