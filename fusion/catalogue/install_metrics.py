"""The registered metrics in the database: the rows that SQL joins, and the SKUs of every group."""

from itertools import count
from uuid import UUID

from django.db import transaction

from fusion.access.actor import system_actor
from fusion.access.audit import record
from fusion.catalogue.metrics import METRICS, licenses
from fusion.catalogue.models import LICENSE
from fusion.kernel.database import execute, fetch_rows
from fusion.kernel.ids import new_id

SAVE = """
INSERT INTO catalogue_metric AS m (code, live)
SELECT * FROM unnest(%s::text[], %s::boolean[])
ON CONFLICT (code) DO UPDATE SET live = excluded.live WHERE m.live <> excluded.live
"""

GROUPS_WITHOUT = """
SELECT o.id FROM tenancy_organization o
WHERE o.kind = 'group' AND NOT EXISTS (
    SELECT FROM catalogue_sku k
    WHERE k.group_id = o.id AND k.type = 'license' AND k.metric = %s)
ORDER BY o.id
"""

CREATE = """
INSERT INTO catalogue_sku (id, group_id, code, name, type, metric)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (group_id, code) DO NOTHING
"""


def install_metrics() -> int:
    """Save the registry, and create the missing licence SKUs of all groups; returns how many SKUs.

    `fusion migrate` calls it before it installs the functions that join the rows. Groups that
    servers of the previous release create afterwards get their SKUs by `migrate --finish`.
    """
    created = 0
    metrics = METRICS.values()
    execute(SAVE, [[each.code for each in metrics], [each.live for each in metrics]])
    for code, name, metric in licenses():
        for (group_id,) in fetch_rows(GROUPS_WITHOUT, [metric]):
            with transaction.atomic():
                _create_sku(group_id, code, name, metric)
            created += 1
    return created


def _create_sku(group_id: UUID, code: str, name: str, metric: str) -> None:
    """A licence SKU and its audit record; if an entitlement has its code, a number is appended."""
    id, actor, free = new_id(), system_actor(group_id, "system:migrate"), code
    for number in count(2):
        if execute(CREATE, [id, group_id, free, name, LICENSE, metric]):
            break
        free = f"{code}-{number}"
    record(
        actor,
        verb="sku.create",
        object_type="sku",
        object_id=id,
        path=actor.path,
        detail={"code": free, "name": name, "metric": metric},
    )
