"""The texts that users read are plain English: pages, mails, API, command line, settings.

A sentence says who does what, in at most `LONGEST` words. `INSTEAD` lists turns of phrase that
readers stumble over, each with what to write instead.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import polib
import pytest

import fusion
from fusion.cli.commands import fusion as commands
from fusion.kernel.environment import SETTINGS

PACKAGE = Path(fusion.__file__).parent
OPENAPI = PACKAGE.parent / "docs" / "openapi.json"
MESSAGES = PACKAGE / "portal" / "locale" / "de" / "LC_MESSAGES" / "django.po"
LONGEST = 25
REFUSALS = ("Problem", "InvalidFields", "ValueError", "UsageError", "not_found", "SystemExit")

INSTEAD = {
    r"\bto be had\b|\bcannot be had\b": "is not available",
    r"\bwho(m|so)?ever\b": "the person, the role or the program that is meant",
    r"\bis for the\b|\bis for \w+ alone\b": "only … can …",
    r"\byou act for\b": "you are acting for, or: this client belongs to",
    r"\btake `next` of\b": "pass the `next` value of a previous page",
    r"\bis (a )?no \w+ (of|with|for)\b|\bis no (valid|known)\b": "is not a …",
    r"\bstands? (in|on|under|below|above|here|there|beside)\b": "is in, appears in, or is below",
    r"\basked (for|by|on)\b|\basks? for\b": "requested, requests",
    r"\b(have|had) it (resumed|ordered|reactivated)\b": "ask … to resume it",
    r"\bin any other way\b": "otherwise, with the case named",
    r"\bat one time\b": "simultaneous, or: at the same time",
    r"\banew\b": "again",
    r"\bof (its|their|your|one's) own\b(?! group)": "its own …",
    r"\bas far as\b|\bsuch as they are\b": "the condition itself",
    r"\bwhat (is|are|was|were|has been) (left|said|told|meant|asked|held|done)\b": "the noun",
    r"\bfounded?\b (by|service|a (service )?provider)": "created",
    r"\bmade up\b|\bmade-up\b": "fictional, or: demo data",
    r"\b(is|are|was) gone\b|\bgoes on\b|\bgo on\b|\bwent on\b": "continue, continues",
    r"\bget(s)? to see\b|\bnot to be\b": "the plain verb",
}


@cache
def _pages() -> tuple[tuple[str, str], ...]:
    """The texts of the portal and its mails."""
    entries = polib.pofile(str(MESSAGES))
    return tuple(("portal", text) for each in entries for text in (each.msgid, each.msgid_plural))


@cache
def _descriptions() -> tuple[tuple[str, str], ...]:
    """The descriptions of the OpenAPI document."""
    found: list[tuple[str, str]] = []
    waiting = [(OPENAPI.name, json.loads(OPENAPI.read_text(encoding="utf-8")))]
    while waiting:
        where, value = waiting.pop()
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in pairs:
            if isinstance(each, dict | list):
                waiting.append((f"{where}/{key}", each))
            elif key in ("description", "summary"):
                found.append((where, each))
    return tuple(found)


@cache
def _help() -> tuple[tuple[str, str], ...]:
    """The help of every command and option."""
    found: list[tuple[str, str]] = []
    for name, command in commands.commands.items():
        words = (command.help or "").partition("\b")[0]
        found += [(f"fusion {name}", paragraph) for paragraph in words.split("\n\n")]
        options = [each for each in command.params if isinstance(each, click.Option)]
        found += [(f"fusion {name} {each.name}", each.help or "") for each in options]
    return tuple(found)


def _words_of(node: ast.expr) -> Iterator[str]:
    """The texts of an expression, with `{}` for each value in them."""
    inner = [each for each in ast.walk(node) if isinstance(each, ast.JoinedStr)]
    parts = {id(part) for each in inner for part in each.values}
    for joined in inner:
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in joined.values
        )
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in parts:
            yield each.value


@cache
def _refusals() -> tuple[tuple[str, str], ...]:
    """What Python and database functions say when they refuse."""
    found: list[tuple[str, str]] = []
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in REFUSALS:
                where = f"{file.relative_to(PACKAGE)}:{node.lineno}"
                values = [*node.args, *(each.value for each in node.keywords)]
                found += [(where, text) for each in values for text in _words_of(each)]
    for file in sorted(PACKAGE.rglob("*.sql")):
        sql = re.sub(r"--[^\n]*", "", file.read_text(encoding="utf-8"))
        texts = re.findall(r"'((?:[^'\n]|'')*)'", re.sub(r"'\s*\n\s*'", "", sql))
        found += [(str(file.relative_to(PACKAGE)), each) for each in texts if " " in each]
    return tuple(found)


@cache
def _settings() -> tuple[tuple[str, str], ...]:
    """The descriptions of the settings."""
    return tuple((name, setting.help) for name, setting in SETTINGS.items())


SOURCES = {
    "portal": _pages,
    "openapi": _descriptions,
    "commands": _help,
    "refusals": _refusals,
    "settings": _settings,
}


@pytest.mark.parametrize("source", SOURCES)
def test_no_turn_of_phrase_that_readers_stumble_over(source: str) -> None:
    wrong = [
        f"{where}: {' '.join(text.split())} (instead: {better})"
        for where, text in SOURCES[source]()
        for pattern, better in INSTEAD.items()
        if re.search(pattern, " ".join(text.split()), re.IGNORECASE)
    ]
    assert wrong == []


@pytest.mark.parametrize("source", SOURCES)
def test_no_sentence_is_too_long_to_be_read_once(source: str) -> None:
    wrong = [
        f"{where}: {len(sentence.split())} words: {sentence}"
        for where, text in SOURCES[source]()
        for sentence in re.split(
            r"(?<=[.!?])\s+", re.sub(r"%\(\w+\)s", "{}", " ".join(text.split()))
        )
        if len(sentence.split()) > LONGEST
    ]
    assert wrong == []
