"""Other releases: a checkout of their files, run with the packages of these tests."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bounds import PATIENCE

ROOT = Path(__file__).resolve().parents[2]

BEFORE = "6b7d09314b8d61691203ac52803c4cfe94792884"
"""The previous release. Its runtime lock is the same as ours; a test compares them."""


@dataclass(frozen=True)
class Release:
    """The files of a release in a separate directory."""

    folder: Path

    def fusion(
        self, *arguments: str, database: str, said: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command of this release; `said` is its standard input."""
        return subprocess.run(
            [sys.executable, "-m", "fusion.cli", *arguments],
            env={**os.environ, "DATABASE_URL": database},
            cwd=self.folder,
            capture_output=True,
            text=True,
            input=said,
            timeout=300,
            check=False,
        )

    def migrate(self, database: str, *options: str) -> str:
        """Bring the database to this release; returns the command's output."""
        done = self.fusion("migrate", *options, database=database)
        assert done.returncode == 0, done.stderr
        return done.stdout


def check_out(commit: str, folder: Path) -> Release:
    """The files of a commit. Needs the repository's history, as any full clone has it."""
    folder.mkdir()
    _bring(commit)
    archive = subprocess.run(
        ["git", "archive", commit, "fusion", "requirements.txt"],
        cwd=ROOT,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert archive.returncode == 0, f"git archive {commit}: {archive.stderr.decode()}"
    subprocess.run(
        ["tar", "x", "-C", str(folder)], input=archive.stdout, timeout=PATIENCE, check=True
    )
    return Release(folder)


def copy(folder: Path) -> Release:
    """A copy of this release's files, for changes."""
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "fusion", folder / "fusion", ignore=leave_out)
    return Release(folder)


def _bring(commit: str) -> None:
    """A shallow clone lacks the commit; this fetches it from the clone's origin."""
    known = subprocess.run(
        ["git", "cat-file", "-e", f"{commit}^{{commit}}"],
        cwd=ROOT,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    if known.returncode != 0:
        fetch = ["git", "fetch", "--quiet", "--depth", "1", "origin", commit]
        subprocess.run(fetch, cwd=ROOT, capture_output=True, timeout=PATIENCE, check=False)
