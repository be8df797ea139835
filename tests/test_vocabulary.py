"""Names in `fusion/` use the words of docs/vocabulary.md, and none of those that it rules out.

`vocabulary_exceptions.txt` lists names that still have such a word, by room. The list only gets
shorter: rename a thing, then remove its line.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fusion.kernel.sql_files import sql_files
from tests.docs.pages import rows_after
from tests.test_tidy import PACKAGE, ROOT, modules

EXCEPTIONS = Path(__file__).with_name("vocabulary_exceptions.txt")

PARTS = re.compile(r"[a-z]+|[A-Z][a-z]*")
PARAMETER = re.compile(r"\b(?:p|v|o)_\w+")

type Name = tuple[str, str, str]
"""Room, kind (function, class, file or variable) and the name."""


@cache
def ruled_out() -> dict[str, str]:
    """Word → the kinds of names that must not have it, and the room that may."""
    rows = rows_after(ROOT / "docs" / "vocabulary.md", "forbidden in names")
    return {word: kinds for words, kinds, _ in rows for word in re.findall(r"`(\w+)`", words)}


def python_names() -> Iterator[Name]:
    """All names that Python modules define."""
    for file, tree in modules().items():
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        yield room, "file", file.stem
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef(name=name):
                    yield room, "function", name
                case ast.ClassDef(name=name):
                    yield room, "class", name
                case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                    yield room, "variable", name


def sql_names() -> Iterator[Name]:
    """The functions, parameters and variables of SQL files."""
    for file in sql_files():
        room = file.name.partition("/")[0]
        yield room, "file", Path(file.name).stem
        for routine in file.routines:
            yield room, "function", routine.partition("(")[0]
        for name in PARAMETER.findall(re.sub(r"--[^\n]*", "", file.text)):
            yield room, "variable", name


def wrong_names() -> set[str]:
    """`<room> <kind> <name>` of all names with a word that is ruled out."""
    found = set()
    for room, kind, name in {*python_names(), *sql_names()}:
        for part in PARTS.findall(name.replace("not_found", "")):
            kinds, _, kept = ruled_out().get(part.lower(), "").partition("; not in ")
            if (kinds == "all" or kind in kinds) and not kept.startswith(room):
                found.add(f"{room} {kind} {name}")
    return found


def excepted() -> set[str]:
    """The lines of the list of exceptions."""
    return set(EXCEPTIONS.read_text(encoding="utf-8").splitlines())


def test_names_use_the_vocabulary() -> None:
    assert len(ruled_out()) > 15
    assert sorted(wrong_names() - excepted()) == [], "see docs/vocabulary.md"


def test_exceptions_still_exist() -> None:
    assert sorted(excepted() - wrong_names()) == [], "remove these lines"
