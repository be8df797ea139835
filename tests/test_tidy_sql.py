"""The rules of the SQL: sizes, which room writes which table, and which functions a room calls."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps
from django.db.models import CompositePrimaryKey

from fusion.kernel.sql_files import sql_files
from tests.test_tidy import PACKAGE, modules, tracked, where

MAX_FUNCTION, MAX_LINE = 100, 120

FLOORS = (
    ("kernel",),
    ("events",),
    ("access",),
    ("tenancy",),
    ("clients",),
    ("accounts", "branding"),
    ("catalogue",),
    ("ledger",),
    ("numbers",),
    ("users", "trunks"),
    ("ordering",),
    ("lifecycle",),
    ("reporting",),
    ("portal", "edge"),
    ("jobs",),
    ("seed",),
    ("demo",),
    ("cli",),
)
"""From the lowest up, as in `pyproject.toml`. In SQL `events` is below `access`, which emits."""

CALLED_UP = {
    # Live calls are counted where they are; a metric says whether it is counted that way.
    ("ledger", "ordering_pending_changes"),
    ("ledger", "trunks_live_calls"),
    ("ledger", "trunks_live_calls_at"),
    ("ledger", "trunks_live_calls_under"),
}
"""(room, function of a higher room) that it may call nevertheless."""

WRITTEN_ELSEWHERE = {
    # Lets orders of a generated past get the revision that was sold then.
    ("seed", "catalogue_product"),
}
"""(room, table of another room) that it may write nevertheless."""

_COMMENT = re.compile(r"--[^\n]*")
_FUNCTION = re.compile(r"^CREATE OR REPLACE FUNCTION ([\w.]+).*?^\$\$;$", re.MULTILINE | re.DOTALL)
_WRITE = re.compile(
    r"\b(?:INSERT\s+INTO|(?<!FOR )(?<!KEY )UPDATE(?:\s+ONLY)?|DELETE\s+FROM|MERGE\s+INTO"
    r"|TRUNCATE(?:\s+TABLE)?|COPY)\s+(\w+)"
)
_CALL = re.compile(r"\b((?:calls\.)?[a-z_0-9]+)\s*\(")
_CHANGES = {"create", "bulk_create", "get_or_create", "update_or_create", "update", "delete"}


@cache
def tables() -> dict[str, str]:
    """Table → the room with its model."""
    return {
        model._meta.db_table: model.__module__.split(".")[1]
        for model in apps.get_models(include_auto_created=True)
        if model.__module__.startswith("fusion.")
    }


@cache
def functions() -> dict[str, str]:
    """Database function → the room with the file that defines it."""
    return {
        routine.partition("(")[0]: file.name.partition("/")[0]
        for file in sql_files()
        if not file.is_former
        for routine in file.routines
    }


def room_of(file: Path) -> str:
    """The room with this file."""
    return file.relative_to(PACKAGE).parts[0]


@cache
def statements() -> tuple[tuple[str, str, str], ...]:
    """(room, place, text) of each present SQL file and of each text in the code of a room."""
    found = [
        (file.name.partition("/")[0], f"fusion/{file.name}", _COMMENT.sub("", file.text))
        for file in sql_files()
        if not file.is_former
    ]
    for file, tree in modules().items():
        if file.parent != PACKAGE and file.stem != "former":
            found += [
                (room_of(file), where(file, node), node.value)
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
    return tuple(found)


def written_by_models(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """(room of the model, call) of each change by way of a model of Django."""
    models = {
        alias.asname or alias.name: (node.module or "").split(".")[1]
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and re.fullmatch(r"fusion\.\w+\.models", node.module or "")
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            root: ast.expr = node.func
            while isinstance(root, ast.Attribute | ast.Call):
                root = root.value if isinstance(root, ast.Attribute) else root.func
            if node.func.attr in _CHANGES and isinstance(root, ast.Name) and root.id in models:
                yield models[root.id], node


def test_lines_are_short() -> None:
    long = [
        f"{where(file)[:-1]}{number}"
        for file in tracked()
        if file.suffix in (".py", ".sql") and "migrations" not in file.parts
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > MAX_LINE
    ]
    assert long == []


def test_functions_are_short() -> None:
    lengths = {
        found[1]: found[0].count("\n") + 1
        for file in sql_files()
        for found in _FUNCTION.finditer(file.text)
    }
    assert len(lengths) > 100
    assert {name for name, length in lengths.items() if length > MAX_FUNCTION} == set()


def test_a_table_is_written_by_its_room_only() -> None:
    written = [
        (room, table, place)
        for room, place, text in statements()
        for table in _WRITE.findall(text)
        if tables().get(table, room) != room
    ]
    assert [each for each in written if each[:2] not in WRITTEN_ELSEWHERE] == []
    assert {each[:2] for each in written} >= WRITTEN_ELSEWHERE


def test_a_model_is_changed_by_its_room_only() -> None:
    changed = [
        (room, where(file, call))
        for file, tree in modules().items()
        if file.parent != PACKAGE
        for room, call in written_by_models(tree)
        if room != room_of(file)
    ]
    assert changed == []


def test_no_room_calls_a_function_of_a_higher_one() -> None:
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    called = {
        (room, name, place)
        for room, place, text in statements()
        for name in _CALL.findall(text)
        if name in functions() and floor[functions()[name]] > floor[room]
    }
    assert sorted(each for each in called if each[:2] not in CALLED_UP) == []
    assert {each[:2] for each in called} >= CALLED_UP


NOT_BY_KEY = {
    ("fusion/events/marks.sql", "events_event"),  # by time
    ("fusion/edge/database_metrics.py", "trunks_call"),  # all live calls
    ("fusion/ordering/holders.py", "ordering_holding"),  # by product
    ("fusion/reporting/history.py", "trunks_call"),  # live ones by subscription
    ("fusion/reporting/history.py", "trunks_callrecord"),  # by subscription and time
    ("fusion/reporting/overview.py", "billing_nearlyfull"),  # by path
    ("fusion/tenancy/holds.py", "tenancy_hold"),  # by subscription
    ("fusion/trunks/live_calls.sql", "trunks_call"),  # live ones by subscription
    ("fusion/trunks/live_calls.sql", "trunks_channelpeak"),  # by subscription and minute
    ("fusion/trunks/queries.py", "trunks_call"),  # live ones by subscription
    ("fusion/trunks/queries.py", "trunks_callrecord"),  # by subscription and time
    ("fusion/trunks/queries.py", "trunks_channelpeak"),  # by subscription and minute
    ("fusion/trunks/records.py", "trunks_callrecord"),  # by subscription or organization
    ("fusion/trunks/records.sql", "trunks_call"),  # those that ended, or expired, by that time
    ("fusion/trunks/retention.py", "trunks_channelpeak"),  # by minute
    ("fusion/users/history.sql", "users_link"),  # by number
}
"""(place, table) of statements that need another index than the key."""


def test_statements_name_the_group_where_a_key_begins_with_it() -> None:
    """Without it PostgreSQL would read all of the index, in production and not in a test."""
    keyed = {
        model._meta.db_table
        for model in apps.get_models()
        if isinstance(model._meta.pk, CompositePrimaryKey)
        and model._meta.pk.field_names[0] == "group_id"
    }
    read = re.compile(rf"\b(?:FROM|JOIN|UPDATE|USING)\s+({'|'.join(keyed)})\b")
    wrong = {
        (place.partition(":")[0], table)
        for _, place, text in statements()
        if "/checks.py" not in place
        for statement in text.split(";")
        for table in read.findall(statement)
        if "group_id" not in statement
    }
    assert wrong == NOT_BY_KEY
