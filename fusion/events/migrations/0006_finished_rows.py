"""The trigger function that protects finished rows; other rooms use it too."""

from django.db import migrations

FUNCTION = """
-- Refuses to change a finished row, except that the owner of the table may write the columns that
-- the trigger names: those that say to whom the row belongs.
CREATE FUNCTION kernel_keep_finished() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) = to_jsonb(OLD)
       OR to_jsonb(NEW) - TG_ARGV::text[] = to_jsonb(OLD) - TG_ARGV::text[]
          AND pg_has_role((SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a finished row of % is not changed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0005_kernel_now")]
    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION kernel_keep_finished")]
