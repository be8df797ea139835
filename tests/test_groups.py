"""Every table of a group carries the group: in its keys, its identity and its foreign keys.

What does not is listed, with a reason, in the tables of decision 0007. A group can therefore be
published alone, and nothing fails while it is.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.utils import ProgrammingError

from fusion.reporting.rollup import refresh
from tests.ordering.placing import line, placed
from tests.owner import as_owner, owner_rows
from tests.trunks.calling import admitted, end, order_channels, renewed, trunk_id
from tests.users.staff import at, created, done, equip, linked, row, unlink
from tests.world import World

DECISION = Path(__file__).resolve().parents[1] / "docs/decisions/0007-what-is-global.md"

LABELS = sorted(
    {config.label for config in apps.get_app_configs() if config.name.startswith("fusion.")}
)

TABLES = """
SELECT c.relname, a.attnotnull
FROM pg_class c
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'group_id'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition AND c.relname ~ %s
"""

UNIQUE = """
SELECT t.relname, c.relname, i.indisprimary,
       CASE WHEN t.relreplident = 'd' THEN i.indisprimary ELSE i.indisreplident END,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = i.indexrelid AND a.attnum <= i.indnkeyatts ORDER BY a.attnum)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid
WHERE (i.indisunique OR i.indisexclusion) AND t.relname = ANY (%s)
ORDER BY 1, 2
"""

FOREIGN = """
SELECT f.conrelid::regclass::text, f.confrelid::regclass::text, f.conname,
       (SELECT array_agg(a.attname::text) FROM pg_attribute a
        WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)), f.convalidated
FROM pg_constraint f WHERE f.contype = 'f' AND f.conrelid::regclass::text = ANY (%s)
"""


def listed(heading: str) -> set[str]:
    """The names in the first column of the decision's table under a heading."""
    chapter = DECISION.read_text().split(f"\n### {heading}\n")[1].split("\n##")[0]
    rows = [row.split("|")[1:-1] for row in chapter.splitlines() if row.startswith("| `")]
    assert rows and all(row[-1].strip() for row in rows), "each with a reason"
    return {name for row in rows for name in re.findall(r"`([\w.]+)`", row[0])}


@pytest.fixture(scope="module")
def tables() -> dict[str, bool | None]:
    """Our tables → whether `group_id` cannot be null; None without such a column."""
    return dict(owner_rows(TABLES, [rf"^({'|'.join(LABELS)}|kernel)_"]))


@pytest.fixture(scope="module")
def of_groups(tables: dict[str, bool | None]) -> list[str]:
    """The tables of a group."""
    return [name for name, known in tables.items() if known is not None]


def test_every_table_has_a_group_or_is_listed(tables: dict[str, bool | None]) -> None:
    assert {name for name, known in tables.items() if known is None} == listed(
        "Tables that belong to no group"
    )
    assert [name for name, known in tables.items() if known is False] == []


def test_keys_carry_the_group_or_are_listed(of_groups: list[str]) -> None:
    keys = owner_rows(UNIQUE, [of_groups])
    without = {name for _, name, _, _, columns in keys if "group_id" not in columns}
    assert without == listed("Unique keys without the group")
    for table, name, primary, _, columns in keys:
        if primary and len(columns) > 1:
            assert columns[0] == "group_id", (table, name)


def test_rows_are_identified_by_group_and_key(of_groups: list[str]) -> None:
    identities = {
        table: columns
        for table, _, _, identifies, columns in owner_rows(UNIQUE, [of_groups])
        if identifies
    }
    assert set(identities) == set(of_groups)
    assert [table for table, columns in identities.items() if "group_id" not in columns] == []


def test_foreign_keys_among_tables_of_a_group_carry_it(of_groups: list[str]) -> None:
    for child, parent, name, columns, validated in owner_rows(FOREIGN, [of_groups]):
        assert validated, name
        if parent in of_groups:
            assert "group_id" in columns, (child, name)


def test_partitions_are_identified_like_their_table() -> None:
    rows = owner_rows(
        "SELECT c.relname, c.relreplident, pg_get_indexdef(i.indexrelid)"
        " FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid"
        " JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
        " WHERE h.inhparent = 'trunks_callrecord'::regclass"
    )
    assert rows
    for name, identity, definition in rows:
        assert (identity, "(group_id, ended_at, id)" in definition) == ("d", True), name


def test_nothing_of_the_previous_release_is_left() -> None:
    assert (
        owner_rows("SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'former_group'") == []
    )
    assert owner_rows("SELECT relname FROM pg_class WHERE relname ~ '_(former|next)$'") == []


@pytest.fixture
def published(world: World, of_groups: list[str]) -> Iterator[World]:
    """A provider whose rows, and no others, a publication names."""
    only = f"WHERE (group_id = '{world.group.id}')"
    named = ", ".join(f"{table} {only}" for table in of_groups)
    owner_rows(
        f"CREATE PUBLICATION of_one_group FOR TABLE {named}"
        " WITH (publish_via_partition_root = true)"
    )
    yield world
    owner_rows("DROP PUBLICATION of_one_group")


def test_nothing_fails_while_a_group_is_published(published: World) -> None:
    world = published
    order_channels(world, 2)
    placed(world, line(world.seat, 5))
    placed(world, line(world.seat, 2, "remove"))
    numbers = equip(world, licences=3, numbers=3)
    user = created(world)
    linked(world, user, numbers[0])
    assert unlink(world, user).status_code == 204
    base = f"/subscriptions/{world.subscription.id}"
    assert world.call("DELETE", f"{base}/numbers/{numbers[1]}").status_code == 204
    assert done(world, [row("berta", numbers[2]), row("carla")]) == [201, 201]
    assert world.call("DELETE", at(world, user["id"])).status_code == 204
    trunk = trunk_id(world)
    admitted(world, trunk, "one")
    renewed(world, trunk, "one")
    end(world, trunk, "one")
    assert refresh(0) is not None
    for change in ("suspend", "resume", "terminate"):
        response = world.call("POST", f"{base}/{change}", {})
        assert response.status_code in (200, 201), response.content
    for object_ in (f"/organizations/{world.reseller.id}", f"/products/{world.seat.id}"):
        response = world.call("PATCH", object_, {"name": "Renamed"})
        assert response.status_code == 200, response.content


def test_this_server_refuses_scopes_that_the_identity_lacks() -> None:
    """Else the test above would prove nothing."""
    owner_rows("CREATE TABLE of_no_group (id int PRIMARY KEY, group_id int)")
    try:
        owner_rows("INSERT INTO of_no_group VALUES (1, 1)")
        owner_rows("CREATE PUBLICATION of_no_group FOR TABLE of_no_group WHERE (group_id = 1)")
        with as_owner(), connection.cursor() as cursor, pytest.raises(ProgrammingError):
            cursor.execute("UPDATE of_no_group SET group_id = 2")
    finally:
        owner_rows("DROP TABLE of_no_group")
        owner_rows("DROP PUBLICATION IF EXISTS of_no_group")
