"""The key by which logins are compared, kept by the database itself.

The column and its trigger come first, so that rows which the release before writes have a key too;
then the rows that are there get theirs, a slice at a time; the constraint follows in a migration of
its own. Users whose keys collide stay as they are: all but the first get a `login_twin`.
"""

from pathlib import Path

from django.db import migrations, models

RULE = Path(__file__).resolve().parents[2] / "kernel" / "text_key.sql"

TRIGGER = """
CREATE FUNCTION users_keep_login_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.login = OLD.login AND NEW.login_key IS NOT DISTINCT FROM OLD.login_key
    THEN
        RETURN NEW;
    END IF;
    NEW.login_key := kernel_text_key(NEW.login);
    -- The constraint decides between two at the same instant; this also finds twins.
    IF TG_OP = 'INSERT' AND EXISTS (
        SELECT FROM users_user u
        WHERE u.subscription_id = NEW.subscription_id AND u.login_key = NEW.login_key)
    THEN
        RAISE unique_violation USING MESSAGE = 'the login is taken', CONSTRAINT = 'user_login';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER users_keep_login_key BEFORE INSERT OR UPDATE ON users_user
    FOR EACH ROW EXECUTE FUNCTION users_keep_login_key();
"""

UNDO = """
DROP TRIGGER users_keep_login_key ON users_user;
DROP FUNCTION users_keep_login_key();
"""


def install_rule(apps, schema_editor):
    """The function whose file is installed with all others after the migrations."""
    schema_editor.execute(RULE.read_text(encoding="utf-8"), params=None)


class Migration(migrations.Migration):
    dependencies = [('users', '0005_finished_links_stay')]

    operations = [
        migrations.AddField(
            model_name='user',
            name='login_key',
            field=models.TextField(db_collation='C', editable=False, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='login_twin',
            field=models.IntegerField(db_default=0, editable=False),
        ),
        migrations.RunPython(install_rule, migrations.RunPython.noop),
        migrations.RunSQL(TRIGGER, UNDO),
    ]
