"""Failed orders are marked as seen, once and for good.

A failed order never changes, so the trigger needs no lock to know that it failed. What failed more
than a week before the upgrade was no longer shown, and counts as seen.
"""

from django.db import migrations, models

from fusion.kernel.clock import KernelNow

KEPT = """
CREATE FUNCTION ordering_require_failed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ordering_order o
               WHERE o.id = NEW.order_id AND o.group_id = NEW.group_id AND o.state = 'failed') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'order % has not failed', NEW.order_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'seen_failure_of_failed';
END
$$;
CREATE TRIGGER of_failed BEFORE INSERT ON ordering_seenfailure
    FOR EACH ROW EXECUTE FUNCTION ordering_require_failed();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON ordering_seenfailure
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER kept_truncate BEFORE TRUNCATE ON ordering_seenfailure
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();

INSERT INTO ordering_seenfailure (group_id, order_id, seen_by)
SELECT o.group_id, o.id, 'system:migrate' FROM ordering_order o
WHERE o.state = 'failed' AND o.effective_at < (SELECT kernel_now()) - interval '7 days';
"""

UNDO = """
DROP TRIGGER kept_truncate ON ordering_seenfailure;
DROP TRIGGER kept ON ordering_seenfailure;
DROP TRIGGER of_failed ON ordering_seenfailure;
DROP FUNCTION ordering_require_failed
"""


class Migration(migrations.Migration):
    dependencies = [("ordering", "0022_restored_by_an_order")]

    operations = [
        migrations.CreateModel(
            "SeenFailure",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id",
                        "order_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("group_id", models.UUIDField()),
                ("order_id", models.UUIDField()),
                ("seen_by", models.CharField(max_length=80)),
                ("seen_at", models.DateTimeField(db_default=KernelNow())),
            ],
        ),
        migrations.RunSQL(KEPT, UNDO),
    ]
