"""The fingerprint covers every table, and shows a change wherever it is made."""

import pytest
from django.apps import apps
from django.db import connection, transaction

from fusion.access.actor import AGENT
from fusion.portal.models import Preference
from tests.fingerprint import EXCLUDED, statement
from tests.portal.people import make_person
from tests.world import World


def test_every_table_is_covered_or_excluded_with_a_reason() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert set(statement()[0]) == tables - EXCLUDED.keys()
    assert EXCLUDED.keys() <= tables
    assert all(EXCLUDED.values())


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("tenancy_subscription", "UPDATE tenancy_subscription SET name = 'x' WHERE id = %s"),
        ("tenancy_member", "UPDATE tenancy_member SET role = 'viewer' WHERE user_id = %s"),
        ("portal_preference", "UPDATE portal_preference SET theme = 'dark' WHERE user_id = %s"),
    ],
)
def test_a_change_shows_in_its_own_table_and_provider(
    world: World, table: str, change: str
) -> None:
    """Reached by the group's id, by an organization, and by a person who is a member of one."""
    other = World()
    person = make_person((world.tenant, AGENT))
    Preference(user=person).save(force_insert=True)
    id = world.subscription.id if table == "tenancy_subscription" else person.id
    before, elsewhere = world.fingerprint(), other.fingerprint()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(change, [id])
        after = world.fingerprint()
        assert [name for name in before if after[name] != before[name]] == [table]
        assert other.fingerprint() == elsewhere
        transaction.set_rollback(True)
    assert world.fingerprint() == before
