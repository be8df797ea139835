"""E-mails in different spellings identify one person.

The unique index uses a database function, so that it covers people whom the previous release
creates. Existing people whose e-mails collide remain: all except the first get an `email_twin`.
"""

from pathlib import Path

from django.db import migrations, models

RULE = Path(__file__).resolve().parents[2] / "kernel" / "text_key.sql"

TWINS = """
UPDATE tenancy_user u SET email_twin = w.twin
FROM (
    SELECT id, row_number() OVER (PARTITION BY kernel_text_key(email) ORDER BY created_at, id) - 1
               AS twin
    FROM tenancy_user
) w
WHERE w.id = u.id AND w.twin > 0
"""

INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY user_email_key ON tenancy_user
    ((kernel_text_key(email)), email_twin)
"""


def install_rule(apps, schema_editor):
    """Creates the function; its file is installed with all others after the migrations."""
    schema_editor.execute(RULE.read_text(encoding="utf-8"), params=None)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tenancy", "0019_lifted_holds_stay")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="email_twin",
            field=models.IntegerField(db_default=0, editable=False),
        ),
        migrations.RunPython(install_rule, migrations.RunPython.noop),
        migrations.RunSQL(TWINS, migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS user_email_key", migrations.RunSQL.noop
                ),
                migrations.RunSQL(INDEX, "DROP INDEX user_email_key"),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="user",
                    constraint=models.UniqueConstraint(
                        models.Func(
                            models.F("email"),
                            function="kernel_text_key",
                            output_field=models.TextField(),
                        ),
                        models.F("email_twin"),
                        name="user_email_key",
                    ),
                ),
            ],
        ),
    ]
