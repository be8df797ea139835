from typing import Any

from django.db import migrations, models
from django.db.models import Q

BACKFILL = """
UPDATE tenancy_{noun} SET reference_owner_id = group_id WHERE id IN (
    SELECT id FROM tenancy_{noun}
    WHERE external_reference IS NOT NULL AND reference_owner_id IS NULL
    ORDER BY id LIMIT 5000 FOR NO KEY UPDATE)
"""

LIVING = {"organization": "status = 'active'", "subscription": "status <> 'terminated'"}

INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY {noun}_reference_of_owner
    ON tenancy_{noun} (group_id, external_reference, reference_owner_id)
    WHERE external_reference IS NOT NULL AND {living}
"""

# The new index takes the name of the old one, by which servers of the previous release map a
# violation.
SWAP = """
DROP INDEX IF EXISTS {noun}_external_reference;
ALTER INDEX {noun}_reference_of_owner RENAME TO {noun}_external_reference;
"""

CHECK = """
ALTER TABLE tenancy_{noun} DROP CONSTRAINT IF EXISTS {noun}_reference_owner;
ALTER TABLE tenancy_{noun} ADD CONSTRAINT {noun}_reference_owner
    CHECK ((external_reference IS NULL AND reference_owner_id IS NULL)
        OR (external_reference IS NOT NULL AND reference_owner_id IS NOT NULL)) NOT VALID;
"""


def backfill(apps: Any, schema_editor: Any) -> None:
    """Existing references belong to the group."""
    with schema_editor.connection.cursor() as cursor:
        for noun in LIVING:
            while True:
                cursor.execute(BACKFILL.format(noun=noun))
                if not cursor.rowcount:
                    break


def steps(noun: str) -> list[migrations.RunSQL]:
    """The changes of the table, which are safe to repeat if a step could not get its lock."""
    return [
        migrations.RunSQL(statement.format(noun=noun, living=LIVING[noun]))
        for statement in (
            "DROP INDEX CONCURRENTLY IF EXISTS {noun}_reference_of_owner",
            INDEX,
            SWAP,
            CHECK,
            "ALTER TABLE tenancy_{noun} VALIDATE CONSTRAINT {noun}_reference_owner",
        )
    ]


def constraints(noun: str, living: Q) -> list[Any]:
    """The same in Django's state."""
    both = Q(external_reference__isnull=False, reference_owner__isnull=False)
    neither = Q(external_reference__isnull=True, reference_owner__isnull=True)
    name = f"{noun}_external_reference"
    unique = models.UniqueConstraint(
        models.F("group"),
        models.F("external_reference"),
        models.F("reference_owner"),
        condition=living,
        name=name,
    )
    check = models.CheckConstraint(condition=neither | both, name=f"{noun}_reference_owner")
    return [
        migrations.RemoveConstraint(noun, name),
        migrations.AddConstraint(noun, unique),
        migrations.AddConstraint(noun, check),
    ]


class Migration(migrations.Migration):
    """External references are unique per owner."""

    atomic = False

    dependencies = [("tenancy", "0013_reference_owner")]

    operations = [
        migrations.RunPython(backfill, migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            [*steps("organization"), *steps("subscription")],
            [
                *constraints("organization", Q(external_reference__isnull=False, status="active")),
                *constraints(
                    "subscription",
                    Q(external_reference__isnull=False) & ~Q(status="terminated"),
                ),
            ],
        ),
    ]
