"""The pages hold together: links lead somewhere, tables agree with the code."""

import re
import tomllib
from pathlib import Path

import pytest

from fusion.api import api
from fusion.kernel.errors import CODES
from tests.docs.pages import LINK, PAGES, ROOT, anchors, prose, rows_after

GUIDE = ROOT / "docs" / "integration-guide.md"
CODE = re.compile(r"`([^`]+)`")
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        leads_to = (page.parent / path).resolve() if path else page
        assert leads_to.exists(), f"{target} does not exist"
        if anchor:
            assert anchor in anchors(leads_to), f"{target}: no such heading"


def test_the_table_of_problem_codes_is_complete() -> None:
    result = {
        CODE.findall(code)[0]: int(status)
        for code, status, *_ in rows_after(GUIDE, "problem codes")
    }
    assert result == {code: status for code, (status, _) in CODES.items()}


def test_the_table_of_scopes_is_complete() -> None:
    result = {}
    for route, scopes in rows_after(GUIDE, "scopes"):
        result[CODE.findall(route)[0]] = set(CODE.findall(scopes))
    assert result == _documented_scopes()


def _documented_scopes() -> dict[str, set[str]]:
    document = api.get_openapi_schema()
    found = {}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method not in operations:
                continue
            security = operations[method].get("security") or []
            scopes = {scope for entry in security for scopes in entry.values() for scope in scopes}
            found[f"{method.upper()} {path.removeprefix('/api/v1')}"] = scopes
    return found


def test_every_page_of_a_noun_ends_with_its_boundaries() -> None:
    nouns = sorted((ROOT / "docs" / "domain").glob("*.md"))
    assert nouns
    for page in nouns:
        headings = re.findall(r"^## (.+)$", prose(page), re.MULTILINE)
        assert headings[-1] == "Boundaries", page.name


def test_every_decision_is_numbered_once_and_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [page.name[:4] for page in decisions]
    assert len(numbers) == len(set(numbers))
    assert re.findall(r"^\| \[(\d{4})\]", index, re.MULTILINE) == numbers
    for page in decisions:
        text = page.read_text(encoding="utf-8")
        assert f"decisions/{page.name}" in index
        for heading in ("## Context", "## Decision", "## Consequences"):
            assert heading in text, f"{page.name}: {heading}"


def test_the_map_of_rooms_agrees_with_the_layers() -> None:
    """Every room is in the map, on the floor that the import contract gives it."""
    rows = rows_after(ROOT / "docs" / "architecture.md", "rooms")
    floors = [(CODE.findall(room)[0], floor) for floor, room, _ in rows]
    packages = {path.parent.name for path in (ROOT / "fusion").glob("*/__init__.py")}
    assert sorted(room for room, _ in floors) == sorted(packages)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(each["layers"] for each in contracts["contracts"] if each["type"] == "layers")
    expected = [packages & set(re.findall(r"fusion\.(\w+)", layer)) for layer in layers]
    drawn: dict[str, set[str]] = {}
    for room, floor in floors:
        drawn.setdefault(floor, set()).add(room)
    assert [rooms for rooms in drawn.values() if rooms != {"embedded"}] == expected
