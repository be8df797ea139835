"""The fingerprint covers every table, and shows a change wherever it is made."""

import pytest
from django.apps import apps
from django.db import connection, transaction

from tests.fingerprint import EXCLUDED, statement
from tests.ordering.placing import line, placed
from tests.world import World


def test_every_table_is_covered_or_excluded_with_a_reason() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert set(statement()[0]) == tables - EXCLUDED.keys()
    assert EXCLUDED.keys() <= tables
    assert all(EXCLUDED.values())


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("ordering_orderline", "UPDATE ordering_orderline SET quantity = 3 WHERE order_id = %s"),
        ("ordering_order", "UPDATE ordering_order SET external_reference = 'x' WHERE id = %s"),
    ],
)
def test_a_change_shows_in_its_own_table_and_provider(
    world: World, table: str, change: str
) -> None:
    other, order = World(), placed(world, line(world.seat))["id"]
    before, elsewhere = world.fingerprint(), other.fingerprint()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(change, [order])
        after = world.fingerprint()
        assert [name for name in before if after[name] != before[name]] == [table]
        assert other.fingerprint() == elsewhere
        transaction.set_rollback(True)
    assert world.fingerprint() == before
