"""Former owners stay, and a new row has the path of its parent.

A move changes paths. Who creates something below an organization that is being moved waits for the
move, but may have read the path before: the database then refuses the row. Servers of the previous
release lock the organization for less than this; so the trigger locks it too.
"""

from django.db import migrations

KEPT = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tenancy_subscriptionowner
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON tenancy_subscriptionowner
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
"""

CHECK = """
CREATE FUNCTION tenancy_check_path() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_above CONSTANT text := (
        SELECT o.path FROM tenancy_organization o
        WHERE o.id = (to_jsonb(NEW) ->> TG_ARGV[0])::uuid FOR SHARE);
    v_own CONSTANT text := CASE TG_ARGV[0]
        WHEN 'parent_id' THEN replace(NEW.id::text, '-', '') || '/' ELSE '' END;
BEGIN
    IF NEW.path IS DISTINCT FROM coalesce(v_above, '') || v_own THEN
        RAISE EXCEPTION '% %: its path % is not below %', TG_TABLE_NAME, NEW.id, NEW.path, v_above
            USING ERRCODE = 'serialization_failure',
                  HINT = 'The organization above it was moved meanwhile. Try again.';
    END IF;
    RETURN NEW;
END
$$;
"""

ORGANIZATIONS = """
CREATE TRIGGER path_agrees BEFORE INSERT ON tenancy_organization
    FOR EACH ROW EXECUTE FUNCTION tenancy_check_path('parent_id');
"""
SUBSCRIPTIONS = """
CREATE TRIGGER path_agrees BEFORE INSERT ON tenancy_subscription
    FOR EACH ROW EXECUTE FUNCTION tenancy_check_path('tenant_id');
"""


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0026_subscription_owner"), ("events", "0006_finished_rows")]
    operations = [
        migrations.RunSQL(
            KEPT,
            "DROP TRIGGER append_only ON tenancy_subscriptionowner;"
            "DROP TRIGGER append_only_truncate ON tenancy_subscriptionowner;",
        ),
        migrations.RunSQL(CHECK, "DROP FUNCTION tenancy_check_path"),
        migrations.RunSQL(ORGANIZATIONS, "DROP TRIGGER path_agrees ON tenancy_organization"),
        migrations.RunSQL(SUBSCRIPTIONS, "DROP TRIGGER path_agrees ON tenancy_subscription"),
    ]
