"""Calls that replace others, and share their channel until one of the two ends.

Tables are locked in the sequence in which an admission uses them.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('trunks', '0011_validate_rates'),
    ]

    operations = [
        migrations.AddField(
            model_name='call',
            name='replaces_trunk_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='call',
            name='replaces_direction',
            field=models.CharField(max_length=8, null=True),
        ),
        migrations.AddField(
            model_name='call',
            name='replaces_call_id',
            field=models.CharField(max_length=255, null=True),
        ),
        migrations.AddField(
            model_name='call',
            name='shares_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='call',
            name='replaced',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(
            'ALTER TABLE trunks_callrecord ADD COLUMN shared_until timestamptz',
            'ALTER TABLE trunks_callrecord DROP COLUMN shared_until',
        ),
    ]
