"""History cannot be changed or removed: the database refuses, whoever asks."""

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.errors import RestrictViolation

from tests.ordering.placing import place
from tests.owner import as_owner
from tests.world import World

HISTORY = {
    "events_event": "group_id",
    "tenancy_auditrecord": "group_id",
    "ledger_entry": "subscription_id",
}


@pytest.mark.parametrize("table", HISTORY)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET actor = 'somebody else' WHERE {column} = %s",
        "UPDATE {table} SET at = at WHERE {column} = %s",
        "DELETE FROM {table} WHERE {column} = %s",
        "TRUNCATE {table}",
        "TRUNCATE {table} CASCADE",
    ],
)
def test_history_stays(world: World, table: str, statement: str) -> None:
    place(world)
    column = HISTORY[table]
    owner = world.group.id if column == "group_id" else world.subscription.id
    parameters = [owner] if "%s" in statement else []
    before = world.fingerprint()
    with (
        as_owner(),
        pytest.raises(IntegrityError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table=table, column=column), parameters)
    assert isinstance(refused.value.__cause__, RestrictViolation)
    assert f"{table} is append-only" in str(refused.value)
    assert world.fingerprint() == before


def test_new_history_can_be_written(world: World) -> None:
    before = world.fingerprint()
    assert place(world).status_code == 201
    assert world.fingerprint() != before
