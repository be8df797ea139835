"""Holds: why a subscription is suspended. The table and `status` of the subscription agree.

A trigger follows `status`, so that holds are right even if a server of the previous release writes
it. A constraint trigger checks again when the transaction commits.
"""

import django.db.models.deletion
from django.db import migrations, models

import fusion.kernel.ids

FOLLOW = """
CREATE FUNCTION tenancy_follow_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'suspended' THEN
        UPDATE tenancy_hold SET lifted_at = kernel_now()
        WHERE subscription_id = NEW.id AND lifted_at IS NULL;
    ELSIF NOT EXISTS (
        SELECT FROM tenancy_hold h WHERE h.subscription_id = NEW.id AND h.lifted_at IS NULL)
    THEN
        INSERT INTO tenancy_hold (group_id, id, subscription_id, reason, since)
        VALUES (NEW.group_id, gen_random_uuid(), NEW.id, 'other', kernel_now());
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER follow_status AFTER UPDATE OF status ON tenancy_subscription
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION tenancy_follow_status();
CREATE TRIGGER follow_first_status AFTER INSERT ON tenancy_subscription
    FOR EACH ROW WHEN (NEW.status = 'suspended')
    EXECUTE FUNCTION tenancy_follow_status();

CREATE FUNCTION tenancy_holds_agree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM tenancy_subscription s
        WHERE s.id = NEW.subscription_id
          AND (s.status = 'suspended') <> EXISTS (
              SELECT FROM tenancy_hold h WHERE h.subscription_id = s.id AND h.lifted_at IS NULL))
    THEN
        RAISE EXCEPTION 'the holds of subscription % do not agree with its status',
            NEW.subscription_id USING ERRCODE = 'check_violation', CONSTRAINT = 'holds_agree';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER holds_agree AFTER INSERT OR UPDATE ON tenancy_hold
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tenancy_holds_agree();
"""

UNFOLLOW = """
DROP TRIGGER follow_status ON tenancy_subscription;
DROP TRIGGER follow_first_status ON tenancy_subscription;
DROP FUNCTION tenancy_follow_status;
DROP TRIGGER holds_agree ON tenancy_hold;
DROP FUNCTION tenancy_holds_agree;
"""

REASONS = ["non_payment", "customer", "fraud", "migration", "other"]


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0014_reference_of_owner")]
    operations = [
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("id", models.UUIDField(default=fusion.kernel.ids.new_id)),
                ("reason", models.CharField(max_length=16)),
                ("order_id", models.UUIDField(null=True)),
                ("since", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                (
                    "group",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.organization",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.subscription",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index("subscription", "since", name="hold_of_subscription")],
                "constraints": [
                    models.UniqueConstraint(
                        "subscription",
                        "reason",
                        condition=models.Q(lifted_at__isnull=True),
                        name="hold_once_per_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(reason__in=REASONS), name="hold_reason"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FOLLOW, UNFOLLOW),
    ]
