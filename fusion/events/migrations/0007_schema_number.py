from django.db import migrations

# `files`: the digest of each `.sql` file by its name. `routines`: all functions ever installed
# from such files; before this table existed, all functions with our names.
TABLE = """
CREATE TABLE kernel_schema (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    number int NOT NULL,
    oldest int NOT NULL,
    files jsonb NOT NULL,
    routines text[] NOT NULL,
    CONSTRAINT schema_numbers CHECK (oldest > 0 AND oldest <= number)
);
INSERT INTO kernel_schema (number, oldest, files, routines)
SELECT 1, 1, '{}', ARRAY(
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.prorettype <> 'trigger'::regtype AND pg_has_role(p.proowner, 'USAGE')
      AND (p.pronamespace = to_regnamespace('calls')
           OR p.pronamespace = 'public'::regnamespace
              AND p.proname ~ ('^(kernel|events|tenancy|ledger|catalogue|numbers|users|trunks'
                               '|ordering|lifecycle|billing)_'))
    ORDER BY 1);
"""


class Migration(migrations.Migration):
    """The single row that decides which releases can use this database: see kernel/functions.py."""

    dependencies = [("events", "0006_finished_rows")]

    operations = [migrations.RunSQL(TABLE, "DROP TABLE kernel_schema")]
