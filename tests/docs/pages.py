"""The project's Markdown pages, and functions that read them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PLACES = ("*.md", "docs/**/*.md", "integrations/**/*.md")
PAGES = sorted(page for place in PLACES for page in ROOT.glob(place))

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
DECORATION = re.compile(r"[`*]")


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as in the usual renderers."""
    titles = (DECORATION.sub("", title) for title in HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def rows_after(page: Path, mark: str) -> list[list[str]]:
    """The cells of the first table after the comment that begins with `mark`, without its head."""
    text = page.read_text(encoding="utf-8")
    lines = text[text.index(f"<!-- {mark}") :].splitlines()
    table = []
    for line in lines[1:]:
        if line.startswith("|"):
            table.append([cell.strip() for cell in line.strip("|").split("|")])
        elif table:
            break
    return table[2:]
