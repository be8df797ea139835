from django.db import migrations


class Migration(migrations.Migration):
    """The next refresh writes the past 90 days anew, from the ledger.

    Lines that began with the first refresh said that nothing was ordered before.
    """

    dependencies = [("billing", "0001_rollup")]

    operations = [
        migrations.RunSQL("UPDATE billing_rollup SET day = NULL", migrations.RunSQL.noop),
    ]
