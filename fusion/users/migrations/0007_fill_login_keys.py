"""The keys of the users who are there, a slice at a time, and who collides with whom."""

from django.db import migrations, models

INDEX = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_without_key ON users_user (id) WHERE login_key IS NULL
"""

FILL = """
UPDATE users_user SET login_key = kernel_text_key(login)
WHERE id IN (SELECT id FROM users_user WHERE login_key IS NULL ORDER BY id LIMIT 5000)
"""

TWINS = """
UPDATE users_user u SET login_twin = w.twin
FROM (
    SELECT id, row_number() OVER (PARTITION BY subscription_id, login_key ORDER BY id) - 1 AS twin
    FROM users_user
) w
WHERE w.id = u.id AND w.twin > 0
"""


def fill(apps, schema_editor):
    """Every slice is its own transaction: nobody waits long for a row."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(INDEX)
        cursor.execute(FILL)
        while cursor.rowcount:
            cursor.execute(FILL)
        cursor.execute("DROP INDEX CONCURRENTLY IF EXISTS users_without_key")
        cursor.execute(TWINS)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [('users', '0006_login_key')]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    'CREATE UNIQUE INDEX CONCURRENTLY user_login_key ON users_user '
                    '(subscription_id, login_key, login_twin)',
                    'DROP INDEX user_login_key',
                ),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name='user',
                    constraint=models.UniqueConstraint(
                        fields=('subscription', 'login_key', 'login_twin'), name='user_login_key'
                    ),
                ),
            ],
        ),
    ]
