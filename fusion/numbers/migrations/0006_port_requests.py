"""Port requests, and numbers that another operator has for now.

The checks of numbers are replaced without looking at the rows that are there, so that nothing waits;
the next migration looks.
"""

import fusion.kernel.clock
import fusion.kernel.ids
import fusion.kernel.model_fields
from django.db import migrations, models

CHECKS = """
ALTER TABLE numbers_number
    DROP CONSTRAINT number_status,
    DROP CONSTRAINT number_belongs,
    DROP CONSTRAINT number_comes_from,
    DROP CONSTRAINT number_lapses,
    ADD CONSTRAINT number_status CHECK (
        status IN ('free', 'reserved', 'assigned', 'quarantined', 'ported_out')) NOT VALID,
    ADD CONSTRAINT number_belongs CHECK (
        CASE WHEN status IN ('free', 'ported_out')
             THEN num_nonnulls(subscription_id, distributor_id, reseller_id, tenant_id) = 0
             ELSE num_nulls(subscription_id, tenant_id) = 0 END) NOT VALID,
    ADD CONSTRAINT number_comes_from CHECK (
        origin = 'inventory' AND range_id IS NOT NULL
        OR origin = 'ported' AND range_id IS NULL
           AND (status IN ('assigned', 'quarantined') OR status = 'reserved' AND port_id IS NOT NULL))
        NOT VALID,
    ADD CONSTRAINT number_with_port CHECK (
        port_id IS NULL OR status IN ('reserved', 'assigned', 'quarantined')) NOT VALID,
    ADD CONSTRAINT number_lapses CHECK (
        (status IN ('reserved', 'quarantined')) = (until IS NOT NULL)) NOT VALID
"""

UNDO = """
ALTER TABLE numbers_number
    DROP CONSTRAINT number_status,
    DROP CONSTRAINT number_belongs,
    DROP CONSTRAINT number_comes_from,
    DROP CONSTRAINT number_lapses,
    DROP CONSTRAINT number_with_port,
    ADD CONSTRAINT number_status CHECK (status IN ('free', 'reserved', 'assigned', 'quarantined')),
    ADD CONSTRAINT number_belongs CHECK (
        (status = 'free') = (subscription_id IS NULL) AND (status = 'free') = (tenant_id IS NULL)),
    ADD CONSTRAINT number_comes_from CHECK (
        origin = 'inventory' AND range_id IS NOT NULL
        OR origin = 'ported' AND range_id IS NULL AND status IN ('assigned', 'quarantined')),
    ADD CONSTRAINT number_lapses CHECK (
        (status IN ('reserved', 'quarantined')) = (until IS NOT NULL))
"""


class Migration(migrations.Migration):
    dependencies = [("numbers", "0005_accepted")]
    operations = [
        migrations.CreateModel(
            name="PortRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fusion.kernel.ids.new_id, primary_key=True, serialize=False
                    ),
                ),
                ("direction", models.CharField(max_length=8)),
                ("state", models.CharField(default="open", max_length=16)),
                ("group_id", models.UUIDField()),
                ("distributor_id", models.UUIDField(null=True)),
                ("reseller_id", models.UUIDField(null=True)),
                ("tenant_id", models.UUIDField()),
                ("subscription_id", models.UUIDField()),
                ("organization_id", models.UUIDField()),
                ("path", models.TextField(db_collation="C")),
                ("numbers", fusion.kernel.model_fields.JsonTextField()),
                ("sku", models.CharField(max_length=64, null=True)),
                ("port_date", models.DateTimeField(null=True)),
                ("carrier", models.CharField(max_length=200, null=True)),
                ("note", models.CharField(max_length=2000, null=True)),
                ("attachments", fusion.kernel.model_fields.JsonTextField()),
                ("requested_by", models.CharField(max_length=80)),
                ("requested_at", models.DateTimeField(db_default=fusion.kernel.clock.KernelNow())),
                ("decided_by", models.CharField(max_length=80, null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(max_length=2000, null=True)),
                ("completed_at", models.DateTimeField(null=True)),
                ("failure", fusion.kernel.model_fields.JsonTextField(null=True)),
                ("history", fusion.kernel.model_fields.JsonTextField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("distributor_id"),
                        models.F("id"),
                        condition=models.Q(("distributor_id__isnull", False)),
                        name="port_of_distributor",
                    ),
                    models.Index(
                        models.F("reseller_id"),
                        models.F("id"),
                        condition=models.Q(("reseller_id__isnull", False)),
                        name="port_of_reseller",
                    ),
                    models.Index(
                        models.F("tenant_id"),
                        models.F("id"),
                        condition=models.Q(("tenant_id__isnull", False)),
                        name="port_of_tenant",
                    ),
                    models.Index(
                        models.F("subscription_id"),
                        models.F("id"),
                        condition=models.Q(("subscription_id__isnull", False)),
                        name="port_of_subscription",
                    ),
                    models.Index(
                        models.F("group_id"),
                        models.F("state"),
                        models.F("id"),
                        name="port_of_state",
                    ),
                    models.Index(
                        models.F("port_date"),
                        models.F("id"),
                        condition=models.Q(("state", "approved")),
                        name="port_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("group_id"), models.F("id"), name="port_of_group"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ("in", "out"))), name="port_direction"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                (
                                    "open",
                                    "approved",
                                    "completed",
                                    "rejected",
                                    "withdrawn",
                                    "failed",
                                ),
                            )
                        ),
                        name="port_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", True),
                                ("decided_by__isnull", True),
                                ("state", "open"),
                            ),
                            models.Q(
                                models.Q(("state", "open"), _negated=True),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="port_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "approved"), _negated=True),
                            ("port_date__isnull", False),
                            _connector="OR",
                        ),
                        name="port_dated",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason__isnull", False), ("state", "rejected")),
                            models.Q(
                                models.Q(("state", "rejected"), _negated=True),
                                ("reason__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="port_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("completed_at__isnull", False), ("state", "completed")),
                            models.Q(
                                models.Q(("state", "completed"), _negated=True),
                                ("completed_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="port_completed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("failure__isnull", False), ("state", "failed")),
                            models.Q(
                                models.Q(("state", "failed"), _negated=True),
                                ("failure__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="port_failed",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="number",
            name="port_id",
            field=models.UUIDField(null=True),
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CHECKS, UNDO)],
            [
                migrations.RemoveConstraint(
                    model_name="number",
                    name="number_status",
                ),
                migrations.RemoveConstraint(
                    model_name="number",
                    name="number_belongs",
                ),
                migrations.RemoveConstraint(
                    model_name="number",
                    name="number_comes_from",
                ),
                migrations.RemoveConstraint(
                    model_name="number",
                    name="number_lapses",
                ),
                migrations.AddConstraint(
                    model_name="number",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ("free", "reserved", "assigned", "quarantined", "ported_out"),
                            )
                        ),
                        name="number_status",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="number",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("distributor_id__isnull", True),
                                ("reseller_id__isnull", True),
                                ("status__in", ("free", "ported_out")),
                                ("subscription_id__isnull", True),
                                ("tenant_id__isnull", True),
                            ),
                            models.Q(
                                models.Q(("status__in", ("free", "ported_out")), _negated=True),
                                ("subscription_id__isnull", False),
                                ("tenant_id__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="number_belongs",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="number",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("origin", "inventory"), ("range_id__isnull", False)),
                            models.Q(
                                models.Q(
                                    ("status__in", ("assigned", "quarantined")),
                                    models.Q(("port_id__isnull", False), ("status", "reserved")),
                                    _connector="OR",
                                ),
                                ("origin", "ported"),
                                ("range_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="number_comes_from",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="number",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            ("port_id__isnull", True),
                            ("status__in", ("reserved", "assigned", "quarantined")),
                            _connector="OR",
                        ),
                        name="number_with_port",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="number",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("reserved", "quarantined")),
                                ("until__isnull", False),
                            ),
                            models.Q(
                                ("status__in", ("free", "assigned", "ported_out")),
                                ("until__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="number_lapses",
                    ),
                ),
            ],
        ),
    ]
