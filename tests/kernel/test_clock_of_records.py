"""One clock: every instant that is recorded, or compared with a recorded one, is `kernel_now()`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.models.functions import Now

from tests.test_tidy import PACKAGE

IN_THE_DATABASE = re.compile(
    r"\b(clock_timestamp|statement_timestamp|transaction_timestamp|now)\(\)"
    r"|\b(current_timestamp|current_date|current_time|localtimestamp)\b"
    r"|'(now|today|yesterday|tomorrow)'",
    re.IGNORECASE,
)
IN_PYTHON = re.compile(r"timezone\.now\b|datetime\.(now|utcnow|today)\b|date\.today\b|\bNow\(")

OTHER_CLOCKS = {
    "events/epoch.sql": "an epoch is a life of the cluster, in real time",
    "events/models.py": "the same",
    "kernel/clock.py": "the clock itself",
    "kernel/now.sql": "the clock itself",
    "kernel/past.py": "the clock itself",
    "portal/retention.py": "sessions and attempts are kept by libraries, in real time",
    "portal/mails/files.py": "files carry the system's time, and no record does",
    "access/authenticate.py": "access tokens are kept by a library, in real time",
    "clients/retention.py": "the same",
    "hot/statements.py": "the same",
}
"""Files that read another clock, and why."""


def _statements(source: str) -> Iterator[str]:
    """Every string of Python source that is no docstring."""
    tree = ast.parse(source)
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def _reads_another_clock(file: Path) -> bool:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return bool(IN_PYTHON.search(text)) or any(map(IN_THE_DATABASE.search, _statements(text)))
    return bool(IN_THE_DATABASE.search(re.sub("--.*", "", text)))


def test_sources_use_the_one_clock() -> None:
    found = {
        str(file.relative_to(PACKAGE))
        for file in sorted(PACKAGE.rglob("*"))
        if file.suffix in (".py", ".sql")
        and file.parent.name != "migrations"
        and _reads_another_clock(file)
    }
    assert found == set(OTHER_CLOCKS)


@pytest.mark.parametrize(
    "source",
    [
        'OLD = "DELETE FROM x WHERE at < now()"',
        "OLD = f'UPDATE x SET at = clock_timestamp() WHERE id = {id}'",
        "OLD = 'SELECT FROM x WHERE day = CURRENT_DATE'",
        "at = timezone.now()",
        "at = models.DateTimeField(db_default=Now())",
    ],
)
def test_the_scan_finds_another_clock(source: str, tmp_path: Path) -> None:
    (tmp_path / "verb.py").write_text(source)
    assert _reads_another_clock(tmp_path / "verb.py")


ROUTINES = """
SELECT p.proname, p.prosrc FROM pg_proc p
WHERE p.pronamespace IN ('public'::regnamespace, 'calls'::regnamespace)
  AND p.proname NOT LIKE 'procrastinate%'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                  AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT c.relname, pg_get_viewdef(c.oid) FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm')
"""
DEFAULTS = """
SELECT d.adrelid::regclass::text || '.' || a.attname, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
"""


def test_the_database_uses_the_one_clock() -> None:
    ours = {model._meta.db_table for model in apps.get_models() if "fusion" in model.__module__}
    with connection.cursor() as cursor:
        cursor.execute(ROUTINES)
        found = {name for name, body in cursor.fetchall() if IN_THE_DATABASE.search(body)}
        cursor.execute(DEFAULTS)
        found |= {
            name
            for name, default in cursor.fetchall()
            if name.partition(".")[0] in ours and IN_THE_DATABASE.search(default)
        }
    assert found == {"kernel_now", "events_epoch", "events_feedepoch.at"}


def test_models_default_to_the_one_clock() -> None:
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if "fusion" in model.__module__
        for field in model._meta.fields
        if isinstance(getattr(field, "db_default", None), Now)
    }
    assert found == {"events.FeedEpoch.at"}
