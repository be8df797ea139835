"""The database cleans external references, because servers of the previous release write them
unchanged. Existing ones are cleaned too, unless another object already has the clean text: those
remain, and `fusion verify` lists them.
"""

from pathlib import Path

from django.db import migrations

RULE = Path(__file__).resolve().parents[2] / "kernel" / "clean.sql"

PLAIN = "'^[!-~]([ -~]*[!-~])?$'"
"""Matches text that needs no cleaning: nearly every text."""

FUNCTION = """
CREATE FUNCTION kernel_keep_clean() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Only for texts that are not plain ASCII: the name of the column is the trigger's argument.
    RETURN jsonb_populate_record(NEW, jsonb_build_object(
        TG_ARGV[0], kernel_clean(to_jsonb(NEW) ->> TG_ARGV[0])));
END
$$
"""


def keep_clean(table, column):
    """The trigger of a column, and the cleaning of existing rows."""
    return [
        migrations.RunSQL(
            f"CREATE TRIGGER clean_{column} BEFORE INSERT OR UPDATE OF {column} ON {table}"
            f" FOR EACH ROW WHEN (NEW.{column} !~ {PLAIN})"
            f" EXECUTE FUNCTION kernel_keep_clean('{column}')",
            f"DROP TRIGGER clean_{column} ON {table}",
        ),
        migrations.RunSQL(
            f"""
DO $$
DECLARE
    v_id uuid;
BEGIN
    FOR v_id IN SELECT id FROM {table}
                WHERE {column} !~ {PLAIN} AND {column} <> kernel_clean({column}) LOOP
        BEGIN
            UPDATE {table} SET {column} = {column} WHERE id = v_id;
        EXCEPTION WHEN unique_violation THEN
            NULL;  -- another object carries it: both stay as they are
        END;
    END LOOP;
END
$$
""",
            migrations.RunSQL.noop,
        ),
    ]


def install_rule(apps, schema_editor):
    """Creates the functions; their file is installed with all others after the migrations."""
    schema_editor.execute(RULE.read_text(encoding="utf-8"), params=None)


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0020_email_key")]

    operations = [
        migrations.RunPython(install_rule, migrations.RunPython.noop),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION kernel_keep_clean()"),
        *keep_clean("tenancy_organization", "external_reference"),
        *keep_clean("tenancy_subscription", "external_reference"),
    ]
