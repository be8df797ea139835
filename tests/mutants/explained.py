"""The survivors that `explained.toml` explains."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.making import ROOT, mutants

Key = tuple[str, str, str]
"""A file, a line of it, and what a mutant makes of the line."""


def explained() -> set[Key]:
    """Every explained mutant."""
    text = Path(__file__).with_name("explained.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)["survivor"]
    return {(each["file"], each["line"], each["change"]) for each in entries}


def stale(files: Sequence[str]) -> list[Key]:
    """The explanations of mutants of `files` that do not exist: the rule has changed."""
    known = {each for each in explained() if each[0] in files}
    return sorted(known - {mutant.key for file in files for mutant in mutants(ROOT, file)})
