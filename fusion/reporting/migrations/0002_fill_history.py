from django.db import migrations


class Migration(migrations.Migration):
    """The next refresh recomputes the past 90 days from the ledger.

    Series that began with the first refresh showed zero before it.
    """

    dependencies = [("billing", "0001_rollup")]

    operations = [
        migrations.RunSQL("UPDATE billing_rollup SET day = NULL", migrations.RunSQL.noop),
    ]
