"""References, logins and keys are clean in the database, whichever release writes them."""

import sys
import unicodedata
from importlib import import_module
from uuid import UUID

import pytest
from django.db import connection, transaction

from fusion.cli.verify import all_checks
from fusion.kernel.checks import run_checks
from fusion.kernel.ids import new_id
from fusion.kernel.text import Unclean, clean_line
from tests.ordering.placing import place_as_before, placed
from tests.owner import as_owner, owner_rows, switch_off_triggers
from tests.world import World, answer

MIGRATION = import_module("fusion.tenancy.migrations.0021_clean_references")

COLUMNS = [
    ("tenancy_organization", "external_reference"),
    ("tenancy_subscription", "external_reference"),
    ("catalogue_product", "external_reference"),
    ("users_user", "login"),
]

SPELLED = [
    " Café-1",
    "Café-1 ",
    "Cafe\u0301-1",
    "\u00a0Café-1\u2003",
    "Caf\u00adé-1\ufe0f",
    "Café-1\n",
]
"""Texts that the release before keeps as they are."""


def test_the_database_cleans_as_python_does() -> None:
    every = [
        character
        for character in map(chr, range(1, sys.maxunicode + 1))
        if unicodedata.category(character) not in ("Cs", "Cn", "Co")
    ]
    taken: dict[str, str] = {}
    for each in every:
        for text in (f"a{each}b", f" {each}a", f"a{each}\u0301"):
            try:
                taken[text] = clean_line(text)
            except Unclean:
                continue
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_clean(t) FROM unnest(%s::text[]) AS t", [list(taken)])
        cleaned = [row[0] for row in cursor.fetchall()]
    differing = [
        (text, ours, theirs)
        for (text, ours), theirs in zip(taken.items(), cleaned, strict=True)
        # A text that would become longer stays: some letters are written as two in NFC.
        if ours != theirs and not (theirs == text and len(ours) > len(text))
    ]
    # The two may know different versions of Unicode: the newest characters alone differ.
    assert len(differing) < 60, differing[:20]
    assert all(max(text) > "\u1c80" for text, *_ in differing)


def _row_of(world: World, table: str) -> UUID:
    """The id of a row of the world in that table."""
    if table == "users_user":
        id = new_id()
        owner_rows(
            "INSERT INTO users_user (id, group_id, subscription_id, login, display_name, kind)"
            " VALUES (%s, %s, %s, 'somebody', 'A', 'user')",
            [id, world.group.id, world.subscription.id],
        )
        return id
    return {
        "tenancy_organization": world.tenant.id,
        "tenancy_subscription": world.subscription.id,
        "catalogue_product": world.seat.id,
    }[table]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
@pytest.mark.parametrize("spelled", SPELLED)
def test_texts_of_the_previous_release_are_cleaned(
    world: World, table: str, column: str, spelled: str
) -> None:
    row = _row_of(world, table)
    owned = ", reference_owner_id = group_id" if table.startswith("tenancy") else ""
    owner_rows(f"UPDATE {table} SET {column} = %s{owned} WHERE id = %s", [spelled, row])
    assert owner_rows(f"SELECT {column} FROM {table} WHERE id = %s", [row]) == [("Café-1",)]


def test_texts_that_cleaning_would_damage_stay(world: World) -> None:
    for odd in ("a\u200bb", "\u00ad", "a\nb"):
        update = "UPDATE catalogue_product SET external_reference = %s WHERE id = %s"
        owner_rows(update, [odd, world.seat.id])
        kept = "SELECT external_reference FROM catalogue_product WHERE id = %s"
        assert owner_rows(kept, [world.seat.id]) == [(odd,)]
    owner_rows(
        "UPDATE catalogue_product SET external_reference = NULL WHERE id = %s", [world.seat.id]
    )


@pytest.mark.parametrize("spelled", SPELLED)
def test_an_order_of_the_release_before(world: World, spelled: str) -> None:
    status, _, document = place_as_before(world, external_reference=spelled)
    assert (status, document["external_reference"]) == (201, "Café-1")
    status, _, refusal = place_as_before(world, external_reference="Café-1")
    assert (status, refusal["code"]) == (409, "external-reference-taken")
    found = world.call("GET", "/orders?external_reference=Caf%C3%A9-1")
    assert [each["id"] for each in answer(found)["items"]] == [document["id"]]


def test_a_key_of_the_release_before_is_the_same_key(world: World) -> None:
    first = place_as_before(world, key=" k-1 ", fingerprint="00")
    again = place_as_before(world, key="k-1", fingerprint="00")
    assert first[0] == 201 and again == (201, True, first[2])


def listed(*words: str) -> bool:
    """Whether `fusion verify` has a line with these words."""
    return any(all(word in line for word in words) for line in run_checks(all_checks()))


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_rows_from_before_are_cleaned_or_listed(world: World, table: str, column: str) -> None:
    """The step of the migration on a table with an old row; one that collides stays."""
    row = _row_of(world, table)
    cleaning = MIGRATION.keep_clean(table, column)[1].sql
    owned = ", reference_owner_id = group_id" if table.startswith("tenancy") else ""
    spelled = f"Cafe\u0301 {row} "
    clean = clean_line(spelled)
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        switch_off_triggers(table)
        cursor.execute(f"UPDATE {table} SET {column} = %s{owned} WHERE id = %s", [spelled, row])
        assert [
            each
            for each in list(run_checks(all_checks()))
            if str(row) in each and "cleaned text" in each
        ]
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute(cleaning)
        cursor.execute(f"SELECT {column} FROM {table} WHERE id = %s", [row])
        assert cursor.fetchone() == (clean,)
        transaction.set_rollback(True)


def test_one_that_collides_is_kept_and_listed(world: World) -> None:
    other = world.product("other", {})
    update = "UPDATE catalogue_product SET external_reference = %s WHERE id = %s"
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        switch_off_triggers("catalogue_product")
        cursor.execute(update, ["Twin", other.id])
        cursor.execute(update, ["Twin ", world.seat.id])
        cursor.execute("ALTER TABLE catalogue_product ENABLE TRIGGER USER")
        cursor.execute(MIGRATION.keep_clean("catalogue_product", "external_reference")[1].sql)
        cursor.execute(
            "SELECT external_reference FROM catalogue_product WHERE id = %s", [world.seat.id]
        )
        assert cursor.fetchone() == ("Twin ",)
        assert [
            each
            for each in list(run_checks(all_checks()))
            if f"product {world.seat.id}: Twin " in each
        ]
        transaction.set_rollback(True)


def test_a_finished_order_is_listed_where_another_has_its_reference(world: World) -> None:
    one, other = (placed(world)["id"] for _ in range(2))
    update = "UPDATE ordering_order SET external_reference = %s WHERE id = %s"
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        switch_off_triggers("ordering_order")
        cursor.execute(update, ["R-1 ", one])
        assert not listed("")
        cursor.execute(update, ["R-1", other])
        assert [
            each
            for each in list(run_checks(all_checks()))
            if f"order {one}: R-1 , as order {other}" in each
        ]
        transaction.set_rollback(True)
