from django.db import migrations, models


class Migration(migrations.Migration):
    """How many months of call records are kept at least, where servers and workers cannot change it."""

    dependencies = [('trunks', '0005_kernel_now')]

    operations = [
        migrations.CreateModel(
            name='RecordRetention',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('months', models.PositiveSmallIntegerField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='record_retention_once')],
            },
        ),
    ]
