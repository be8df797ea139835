"""What `fusion verify` finds of states that do not agree, where no trigger stood in the way."""

import pytest
from django.db import connection, transaction

from fusion.cli.verify import all_checks
from fusion.kernel.checks import run_checks
from tests.lifecycle.dating import ask, scheduled
from tests.owner import as_owner, switch_off_triggers
from tests.world import World

HOLD = (
    "INSERT INTO tenancy_hold (group_id, id, subscription_id, reason, order_id, since)"
    " SELECT s.group_id, gen_random_uuid(), s.id, 'customer', {order}, now()"
    " FROM tenancy_subscription s WHERE s.id = %(id)s"
)
ORDER = "(SELECT id FROM ordering_order WHERE subscription_id = %(id)s AND state = 'scheduled')"


@pytest.mark.parametrize(
    ("spoiling", "found"),
    [
        ("UPDATE tenancy_subscription SET status = 'active' WHERE id = %(id)s", "open holds"),
        ("UPDATE tenancy_subscription SET status = 'terminated' WHERE id = %(id)s", "open holds"),
        ("DELETE FROM tenancy_hold WHERE subscription_id = %(id)s", "0 open holds"),
        (HOLD.format(order=ORDER), "hold "),
        (
            "UPDATE tenancy_hold SET lifted_at = since - interval '1 s'"
            " WHERE subscription_id = %(id)s",
            "hold ",
        ),
        ("UPDATE ordering_order SET effective_at = NULL WHERE subscription_id = %(id)s", "order "),
        (
            "INSERT INTO ordering_orderline (group_id, order_id, position, action, product_id,"
            f" quantity) VALUES (gen_random_uuid(), {ORDER}, 1, 'remove', gen_random_uuid(), 1)",
            "order ",
        ),
    ],
)  # fmt: skip
def test_verify_finds_differences(world: World, spoiling: str, found: str) -> None:
    ask(world, "suspend", reason="fraud")
    scheduled(world, "resume")
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        assert result() == []
        switch_off_triggers("tenancy_subscription", "tenancy_hold")
        cursor.execute(spoiling, {"id": world.subscription.id})
        assert any(found in line for line in result()), result()
        transaction.set_rollback(True)
    assert result() == []


def result() -> list[str]:
    return list(run_checks(all_checks()))
