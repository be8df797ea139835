"""The files that the pages name exist."""

import re
from pathlib import Path

import pytest
from django.apps import apps

from tests.docs.pages import PAGES, ROOT

FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:cfg|css|html|ini|js|py|sql|toml))`")
TEMPLATES = "fusion/portal/templates"
FOLDERS = ("", "fusion", "fusion/edge", "fusion/portal", TEMPLATES, f"{TEMPLATES}/portal")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page: Path) -> None:
    bases = [page.parent, *(ROOT / folder for folder in FOLDERS)]
    named = set(FILE.findall(page.read_text(encoding="utf-8")))
    assert [file for file in named if not any((base / file).exists() for base in bases)] == []


def test_named_functions_exist() -> None:
    """A page may not name a database function that only the previous release calls.

    Decisions may: they tell the history.
    """
    sources = [*(ROOT / "fusion").rglob("*.sql"), *(ROOT / "fusion").rglob("*.py")]
    present = {name for file in sources if file.name != "former.sql" for name in _defined(file)}
    former = {name for file in sources if file.name == "former.sql" for name in _defined(file)}
    named = {
        (page.name, name)
        for page in PAGES
        if page.parent.name != "decisions"
        for name in re.findall(r"`(\w+)[`(]", page.read_text(encoding="utf-8"))
    }
    tables = {model._meta.db_table for model in apps.get_models()}
    assert {each for each in named if each[1] in former - present - tables} == set()


def _defined(file: Path) -> list[str]:
    return re.findall(r"FUNCTION (\w+)\s*\(", file.read_text(encoding="utf-8"))
