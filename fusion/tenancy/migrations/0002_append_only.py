"""Audit records are history: the database refuses to change or remove them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0001_initial"), ("events", "0002_append_only")]
    operations = [
        migrations.RunSQL(
            """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tenancy_auditrecord
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON tenancy_auditrecord
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
            """,
            """
DROP TRIGGER append_only ON tenancy_auditrecord;
DROP TRIGGER append_only_truncate ON tenancy_auditrecord;
            """,
        ),
    ]
