"""Holds are history: a lifted hold never changes, and no hold is removed."""

from django.db import migrations

KEEP = """
CREATE TRIGGER kept BEFORE DELETE ON tenancy_hold
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER kept_truncate BEFORE TRUNCATE ON tenancy_hold
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER finished BEFORE UPDATE ON tenancy_hold
    FOR EACH ROW WHEN (OLD.lifted_at IS NOT NULL)
    EXECUTE FUNCTION kernel_keep_finished();
"""

UNDO = """
DROP TRIGGER kept ON tenancy_hold;
DROP TRIGGER kept_truncate ON tenancy_hold;
DROP TRIGGER finished ON tenancy_hold;
"""


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0018_invited_people"), ("events", "0006_finished_rows")]
    operations = [migrations.RunSQL(KEEP, UNDO)]
