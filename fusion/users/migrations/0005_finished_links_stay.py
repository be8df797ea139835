"""A link that has ended is history: it is neither changed nor removed."""

from django.db import migrations

LINKS = """
CREATE TRIGGER kept BEFORE DELETE ON users_link
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER kept_truncate BEFORE TRUNCATE ON users_link
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER finished BEFORE UPDATE ON users_link
    FOR EACH ROW WHEN (OLD.unlinked_at IS NOT NULL)
    EXECUTE FUNCTION kernel_keep_finished('distributor_id', 'reseller_id', 'tenant_id');
"""

UNDO = """
DROP TRIGGER finished ON users_link;
DROP TRIGGER kept ON users_link;
DROP TRIGGER kept_truncate ON users_link;
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0004_job_error"), ("events", "0006_finished_rows")]
    operations = [migrations.RunSQL(LINKS, UNDO)]
