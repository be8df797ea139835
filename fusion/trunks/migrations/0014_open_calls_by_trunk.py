"""One number of open calls per trunk, instead of one per trunk and one per subscription.

Each call wrote both. No release has had the former table. Calls that begin or end during this
migration wait for it.
"""

from importlib import import_module

from django.db import migrations, models

FORMER = import_module("fusion.trunks.migrations.0013_open_calls")

TRIGGERS = """
ALTER TABLE trunks_opencalls SET (
    fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE FUNCTION trunks_count_call() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c trunks_call;
    v_opened CONSTANT boolean := TG_OP <> 'DELETE' AND NEW.ended_at IS NULL;
    v_step CONSTANT int := v_opened::int - (TG_OP <> 'INSERT' AND OLD.ended_at IS NULL)::int;
    v_until timestamptz := 'infinity';
BEGIN
    IF TG_OP = 'DELETE' THEN c := OLD; ELSE c := NEW; END IF;
    IF v_opened THEN
        v_until := CASE WHEN c.shares_until IS NULL THEN c.lease_expires_at ELSE '-infinity' END;
    END IF;
    UPDATE trunks_opencalls w
    SET calls = w.calls + v_step,
        exact_until = CASE WHEN w.calls = 0 THEN v_until ELSE least(w.exact_until, v_until) END
    WHERE w.group_id = c.group_id AND w.subscription_id = c.subscription_id AND w.trunk_id = c.trunk_id;
    IF NOT FOUND THEN  -- the first call of the trunk
        INSERT INTO trunks_opencalls (group_id, subscription_id, trunk_id, calls, exact_until)
        VALUES (c.group_id, c.subscription_id, c.trunk_id, v_step, v_until);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER count_opened AFTER INSERT ON trunks_call
    FOR EACH ROW WHEN (NEW.ended_at IS NULL) EXECUTE FUNCTION trunks_count_call();
CREATE TRIGGER count_removed AFTER DELETE ON trunks_call
    FOR EACH ROW WHEN (OLD.ended_at IS NULL) EXECUTE FUNCTION trunks_count_call();
CREATE TRIGGER count_changed AFTER UPDATE OF ended_at, lease_expires_at, shares_until ON trunks_call
    FOR EACH ROW WHEN (
        (OLD.ended_at IS NULL) <> (NEW.ended_at IS NULL)
        OR NEW.ended_at IS NULL AND (NEW.lease_expires_at < OLD.lease_expires_at
                                     OR NEW.shares_until IS DISTINCT FROM OLD.shares_until))
    EXECUTE FUNCTION trunks_count_call();

INSERT INTO trunks_opencalls (group_id, subscription_id, trunk_id, calls, exact_until)
SELECT group_id, subscription_id, trunk_id, count(*), '-infinity'
FROM trunks_call WHERE ended_at IS NULL
GROUP BY group_id, subscription_id, trunk_id;
"""


class Migration(migrations.Migration):
    dependencies = [("trunks", "0013_open_calls")]

    operations = [
        migrations.RunSQL(FORMER.NO_TRIGGERS, FORMER.TRIGGERS),
        migrations.DeleteModel("OpenCalls"),
        migrations.CreateModel(
            name="OpenCalls",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id",
                        "subscription_id",
                        "trunk_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("group_id", models.UUIDField()),
                ("subscription_id", models.UUIDField()),
                ("trunk_id", models.UUIDField()),
                ("calls", models.IntegerField()),
                ("exact_until", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(calls__gte=0), name="open_calls_not_negative"
                    )
                ],
            },
        ),
        migrations.RunSQL(TRIGGERS, FORMER.NO_TRIGGERS),
    ]
