"""The files that the pages name exist."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT

FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:cfg|css|html|ini|js|py|sql|toml))`")
TEMPLATES = "fusion/portal/templates"
FOLDERS = ("", "fusion", "fusion/edge", "fusion/portal", TEMPLATES, f"{TEMPLATES}/portal")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page: Path) -> None:
    bases = [page.parent, *(ROOT / folder for folder in FOLDERS)]
    named = set(FILE.findall(page.read_text(encoding="utf-8")))
    assert [file for file in named if not any((base / file).exists() for base in bases)] == []
