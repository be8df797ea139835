from django.db import migrations, models


class Migration(migrations.Migration):
    """What Fusion could not do of a batch. The release before shows such a job as finished."""

    dependencies = [('users', '0003_kernel_now')]

    operations = [
        migrations.AddField(
            model_name='job', name='error', field=models.TextField(null=True)
        ),
    ]
