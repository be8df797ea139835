"""A revision is never edited, and removed only together with a product that was never ordered."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial"), ("events", "0002_append_only")]
    operations = [
        migrations.RunSQL(
            """
CREATE TRIGGER immutable BEFORE UPDATE ON catalogue_productrevision
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER immutable BEFORE UPDATE ON catalogue_revisionitem
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
            """,
            """
DROP TRIGGER immutable ON catalogue_productrevision;
DROP TRIGGER immutable ON catalogue_revisionitem;
            """,
        ),
    ]
