"""Events cannot be changed or removed; other rooms use the same trigger for their tables."""

from django.db import migrations

TRIGGER_FUNCTION = """
CREATE FUNCTION kernel_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;
"""

EVENTS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON events_event
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON events_event
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [
        migrations.RunSQL(TRIGGER_FUNCTION, "DROP FUNCTION kernel_append_only"),
        migrations.RunSQL(
            EVENTS,
            "DROP TRIGGER append_only ON events_event;"
            "DROP TRIGGER append_only_truncate ON events_event",
        ),
    ]
