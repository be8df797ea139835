"""How many calls of a subscription and of a trunk are open, so that an admission need not count them.

Triggers keep the numbers, whichever release writes the calls. Calls that begin or end during this
migration wait for it.
"""

from django.db import migrations, models

TRIGGERS = """
ALTER TABLE trunks_opencalls SET (
    fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE FUNCTION trunks_count_call() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c CONSTANT trunks_call := coalesce(NEW, OLD);
    v_opened CONSTANT boolean := TG_OP <> 'DELETE' AND NEW.ended_at IS NULL;
    v_step CONSTANT int := v_opened::int - (TG_OP <> 'INSERT' AND OLD.ended_at IS NULL)::int;
    v_until CONSTANT timestamptz := CASE
        WHEN NOT v_opened THEN 'infinity'
        WHEN c.shares_until IS NULL THEN c.lease_expires_at ELSE '-infinity' END;
    v_known int;
BEGIN
    UPDATE trunks_opencalls w
    SET calls = w.calls + v_step, exact_until = least(w.exact_until, v_until)
    WHERE w.group_id = c.group_id AND w.subject_id IN (c.subscription_id, c.trunk_id);
    GET DIAGNOSTICS v_known = ROW_COUNT;
    IF v_known < 2 THEN  -- the first call of the subscription, or of the trunk
        INSERT INTO trunks_opencalls (group_id, subject_id, calls, exact_until)
        SELECT c.group_id, x.id, v_step, v_until FROM (VALUES (c.subscription_id), (c.trunk_id)) AS x(id)
        WHERE NOT EXISTS (SELECT FROM trunks_opencalls w
                          WHERE w.group_id = c.group_id AND w.subject_id = x.id);
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

INSERT INTO trunks_opencalls (group_id, subject_id, calls, exact_until)
SELECT c.group_id, x.id, count(*), '-infinity'
FROM trunks_call c CROSS JOIN LATERAL (VALUES (c.subscription_id), (c.trunk_id)) AS x(id)
WHERE c.ended_at IS NULL
GROUP BY c.group_id, x.id;
"""

NO_TRIGGERS = """
DROP TRIGGER count_opened ON trunks_call;
DROP TRIGGER count_removed ON trunks_call;
DROP TRIGGER count_changed ON trunks_call;
DROP FUNCTION trunks_count_call;
"""


class Migration(migrations.Migration):
    dependencies = [("trunks", "0012_replacing_calls")]

    operations = [
        migrations.CreateModel(
            name="OpenCalls",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id",
                        "subject_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("group_id", models.UUIDField()),
                ("subject_id", models.UUIDField()),
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
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
