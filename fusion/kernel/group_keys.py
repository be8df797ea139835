"""Group ids in the tables of a group: columns, keys and foreign keys, added while serving.

Migrations call `bring`; each of its steps can be repeated, and none blocks writers for long.
`finish_keys` removes the objects that only servers of the previous release need, by their names:

- trigger `former_group`: fills `group_id` where the previous release writes a row without it
- index `<table>_pkey_next`: the next primary key, beside the present one
- index `<name>_former`: a unique index that the previous release names in ON CONFLICT
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from fusion.kernel.database import execute, fetch_rows

BLOCKS = 500
"""Blocks of a table whose rows get their group in one transaction."""

FILL_FUNCTION = """
CREATE OR REPLACE FUNCTION kernel_fill_group() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT group_id FROM %I WHERE id = $1', TG_ARGV[0]) INTO NEW.group_id
    USING (to_jsonb(NEW) ->> TG_ARGV[1])::uuid;
    RETURN NEW;
END
$$
"""

FILL = """
WITH known AS (
    SELECT w.ctid, p.group_id
    FROM {table} w JOIN {parent} p ON p.id = w.{column}
    WHERE w.group_id IS NULL AND w.ctid >= '({first},0)' AND w.ctid < '({end},0)'
    FOR NO KEY UPDATE OF w SKIP LOCKED)
UPDATE {table} w SET group_id = k.group_id FROM known k WHERE w.ctid = k.ctid
"""

PERMISSION = """
    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) ->> 'group_id' IS NULL
       AND to_jsonb(NEW) - 'group_id' = to_jsonb(OLD) - 'group_id'
       AND pg_has_role((SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;
    END IF;"""

COVERING = """
SELECT i.indexrelid FROM pg_index i
WHERE i.indexrelid = to_regclass(%s) AND i.indisvalid AND i.indisunique
  AND 'group_id' IN (SELECT a.attname FROM pg_attribute a
                     WHERE a.attrelid = i.indexrelid AND a.attnum <= i.indnkeyatts)
"""
"""The index of this name, if it is complete, unique, and has the group among its columns."""

ALONE = """
SELECT c.conname FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid
WHERE c.contype = 'f' AND c.conrelid = %s::regclass AND c.conkey = ARRAY[a.attnum]
  AND a.attname = %s
"""
"""The foreign key over a single column."""

FORMER = """
SELECT c.oid::regclass::text, t.oid::regclass::text FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relname LIKE %s ORDER BY 1
"""


@dataclass(frozen=True)
class GroupTable:
    """A table of a group and how its group id becomes part of its keys.

    `parent` and `column` say where rows without a group get it from. `key` is the primary key;
    with `keep_key`, the present one stays beside it for the previous release. `unique` are other
    unique indexes by name; those in `keep` stay under another name as well. `identity` is the
    index that identifies rows for replication, if not the primary key. `references` are foreign
    keys to other tables of a group, by column.
    """

    name: str
    parent: str = ""
    column: str = ""
    kept_by: str = ""
    key: str = ""
    keep_key: bool = True
    unique: tuple[tuple[str, str], ...] = ()
    keep: tuple[str, ...] = ()
    identity: str = ""
    references: tuple[tuple[str, str], ...] = ()


def bring(*tables: GroupTable) -> Any:
    """The function of a migration's RunPython (not atomic) that does all this for the tables."""

    def run(_apps: Any, _schema_editor: Any) -> None:
        for table in tables:
            if table.parent:
                _add_column(table)
            for name, definition in table.unique:
                _replace_index(table, name, definition)
            if table.key:
                _bring_key(table)
            if table.identity:
                _identify(table.name, table.identity)
            for column, parent in table.references:
                _reference(table.name, column, parent)

    return run


@contextmanager
def locked(*tables: str) -> Iterator[None]:
    """One transaction with the tables locked, in this order, for an instant."""
    with transaction.atomic():
        execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        yield


def _add_column(table: GroupTable) -> None:
    name = table.name
    found = fetch_rows(
        "SELECT attnotnull FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attname = 'group_id'",
        (name,),
    )
    if found == [(True,)]:
        return
    execute(FILL_FUNCTION)
    with locked(name):
        execute(
            f"ALTER TABLE {name} ADD COLUMN IF NOT EXISTS group_id uuid;"
            f"CREATE OR REPLACE TRIGGER former_group BEFORE INSERT ON {name}"
            " FOR EACH ROW WHEN (NEW.group_id IS NULL)"
            f" EXECUTE FUNCTION kernel_fill_group('{table.parent}', '{table.column}')"
        )
    with _permitted(table.kept_by):
        _fill(table)
    known = f"{name}_group_known"
    with locked(name):
        execute(
            f"ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {known},"
            f" ADD CONSTRAINT {known} CHECK (group_id IS NOT NULL) NOT VALID"
        )
    execute(f"ALTER TABLE {name} VALIDATE CONSTRAINT {known}")
    with locked(name):
        execute(f"ALTER TABLE {name} ALTER COLUMN group_id SET NOT NULL")
        execute(f"ALTER TABLE {name} DROP CONSTRAINT {known}")


@contextmanager
def _permitted(function: str) -> Iterator[None]:
    """Let the owner of a table add the group although the trigger `function` refuses changes."""
    if not function:
        yield
        return
    [(text,)] = fetch_rows("SELECT pg_get_functiondef(to_regproc(%s))", (function,))
    strict = text.replace(PERMISSION, "")
    execute(strict.replace("\nBEGIN", f"\nBEGIN{PERMISSION}", 1))
    try:
        yield
    finally:
        execute(strict)


def _fill(table: GroupTable) -> None:
    """Slice by slice. Skips locked rows and retries them, so that no deadlock is possible."""
    size = "SELECT pg_relation_size(%s) / current_setting('block_size')::int"
    for attempt in range(100):
        time.sleep(0.1 * min(attempt, 10))
        [(blocks,)] = fetch_rows(size, (table.name,))
        for first in range(0, blocks, BLOCKS):
            where = {"first": first, "end": first + BLOCKS}
            execute(
                FILL.format(table=table.name, parent=table.parent, column=table.column, **where)
            )
        if not fetch_rows(f"SELECT 1 FROM {table.name} WHERE group_id IS NULL LIMIT 1"):
            return
    raise RuntimeError(f"{table.name} has rows whose {table.column} is not in {table.parent}.")


def build_unique(index: str, table: str, definition: str) -> None:
    """A complete unique index, made beside writers; an unfinished one is made again."""
    if fetch_rows(COVERING, (index,)):
        return
    execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
    execute(f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {table} {definition}")


def _replace_index(table: GroupTable, index: str, definition: str) -> None:
    if fetch_rows(COVERING, (index,)):
        return
    build_unique(f"{index}_next", table.name, definition)
    with locked(table.name):
        if index in table.keep:
            execute(f"ALTER INDEX IF EXISTS {index} RENAME TO {index}_former")
        else:
            execute(f"ALTER TABLE {table.name} DROP CONSTRAINT IF EXISTS {index}")
            execute(f"DROP INDEX IF EXISTS {index}")
        execute(f"ALTER INDEX {index}_next RENAME TO {index}")


def _bring_key(table: GroupTable) -> None:
    name = table.name
    if fetch_rows(COVERING, (f"{name}_pkey",)):
        return
    build_unique(f"{name}_pkey_next", name, f"({table.key})")
    if table.keep_key:
        _identify(name, f"{name}_pkey_next")
    else:
        _take_key(name)


def _take_key(table: str) -> None:
    with locked(table):
        execute(
            f"ALTER TABLE {table} REPLICA IDENTITY DEFAULT, DROP CONSTRAINT {table}_pkey,"
            f" ADD CONSTRAINT {table}_pkey PRIMARY KEY USING INDEX {table}_pkey_next"
        )


def _identify(table: str, index: str) -> None:
    if fetch_rows(
        "SELECT indisreplident FROM pg_index WHERE indexrelid = %s::regclass", (index,)
    ) == [(False,)]:
        with locked(table):
            execute(f"ALTER TABLE {table} REPLICA IDENTITY USING INDEX {index}")


def _reference(table: str, column: str, parent: str) -> None:
    name = f"{table}_{column}_in_group"
    found = fetch_rows("SELECT convalidated FROM pg_constraint WHERE conname = %s", (name,))
    former = fetch_rows(ALONE, (table, column))
    if not found or former:
        with locked(*dict.fromkeys((parent, table))):
            if not found:
                execute(
                    f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (group_id, {column})"
                    f" REFERENCES {parent} (group_id, id) DEFERRABLE INITIALLY DEFERRED NOT VALID"
                )
            for (constraint,) in former:
                execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    if found != [(True,)]:
        execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def finish_keys() -> None:
    """Exchange the primary keys; drop the objects that only the previous release needs."""
    for _, table in fetch_rows(FORMER, (r"%\_pkey\_next",)):
        _take_key(table)
    for index, table in fetch_rows(FORMER, (r"%\_former",)):
        with locked(table):
            execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {index}")
            execute(f"DROP INDEX IF EXISTS {index}")
    for (table,) in fetch_rows(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'former_group' ORDER BY 1"
    ):
        with locked(table):
            execute(f"DROP TRIGGER former_group ON {table}")
    execute("DROP FUNCTION IF EXISTS kernel_fill_group()")
