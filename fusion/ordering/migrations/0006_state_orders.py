"""Orders that suspend, resume and terminate: their kinds, reason, note and warnings.

The checks are added without looking at the rows that are there, so that nothing waits; the next
migration looks.
"""

from django.db import migrations, models

import fusion.events.models

KINDS = [
    "change",
    "reversal",
    "expiry",
    "repair",
    "suspension",
    "resumption",
    "termination",
]
OF_STATE = ["suspension", "resumption", "termination"]
REASONS = ["non_payment", "customer", "fraud", "migration", "other"]

CHECKS = """
ALTER TABLE ordering_order
    DROP CONSTRAINT order_kind,
    ADD CONSTRAINT order_kind CHECK (kind IN (
        'change', 'reversal', 'expiry', 'repair', 'suspension', 'resumption', 'termination'))
        NOT VALID,
    ADD CONSTRAINT order_reason CHECK (
        reason IS NULL AND kind <> 'suspension'
        OR kind IN ('suspension', 'resumption', 'termination')
           AND reason IS NOT NULL
           AND reason IN ('non_payment', 'customer', 'fraud', 'migration', 'other')) NOT VALID
"""

UNDO = """
ALTER TABLE ordering_order
    DROP CONSTRAINT order_kind,
    ADD CONSTRAINT order_kind CHECK (kind IN ('change', 'termination')),
    DROP CONSTRAINT order_reason
"""


class Migration(migrations.Migration):
    dependencies = [("ordering", "0005_kernel_now")]
    operations = [
        migrations.AddField("order", "reason", models.CharField(max_length=16, null=True)),
        migrations.AddField("order", "note", models.CharField(max_length=2000, null=True)),
        migrations.AddField("order", "warnings", fusion.events.models.JsonTextField(null=True)),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CHECKS, UNDO)],
            [
                migrations.RemoveConstraint("order", "order_kind"),
                migrations.AddConstraint(
                    "order",
                    models.CheckConstraint(
                        condition=models.Q(kind__in=KINDS), name="order_kind"
                    ),
                ),
                migrations.AddConstraint(
                    "order",
                    models.CheckConstraint(
                        condition=(models.Q(reason__isnull=True) & ~models.Q(kind="suspension"))
                        | models.Q(
                            kind__in=OF_STATE, reason__isnull=False, reason__in=REASONS
                        ),
                        name="order_reason",
                    ),
                ),
            ],
        ),
    ]
