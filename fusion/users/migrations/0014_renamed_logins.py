"""A user can be renamed: the trigger also finds a twin of a changed login.

A login that was a twin when keys were introduced is none once it has changed.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION users_keep_login_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.login = OLD.login AND NEW.login_key IS NOT DISTINCT FROM OLD.login_key
    THEN
        RETURN NEW;
    END IF;
    NEW.login_key := kernel_text_key(NEW.login);
    IF TG_OP = 'UPDATE' AND (NEW.login = OLD.login OR NEW.login_key = OLD.login_key) THEN
        RETURN NEW;
    END IF;
    -- The constraint decides between two at the same instant; this also finds twins.
    IF EXISTS (SELECT FROM users_user u
               WHERE u.subscription_id = NEW.subscription_id AND u.login_key = NEW.login_key
                 AND u.id <> NEW.id)
    THEN
        RAISE unique_violation USING MESSAGE = 'the login is taken', CONSTRAINT = 'user_login';
    END IF;
    NEW.login_twin := 0;
    RETURN NEW;
END
$$;
"""

FORMER = """
CREATE OR REPLACE FUNCTION users_keep_login_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.login = OLD.login AND NEW.login_key IS NOT DISTINCT FROM OLD.login_key
    THEN
        RETURN NEW;
    END IF;
    NEW.login_key := kernel_text_key(NEW.login);
    IF TG_OP = 'INSERT' AND EXISTS (
        SELECT FROM users_user u
        WHERE u.subscription_id = NEW.subscription_id AND u.login_key = NEW.login_key)
    THEN
        RAISE unique_violation USING MESSAGE = 'the login is taken', CONSTRAINT = 'user_login';
    END IF;
    RETURN NEW;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0013_validate_cancelled_jobs")]
    operations = [migrations.RunSQL(FUNCTION, FORMER)]
