from django.db import migrations, models

from fusion.kernel.clock import KernelNow


class Migration(migrations.Migration):
    """Columns that default to the present instant take it from `kernel_now()`."""

    dependencies = [('portal', '0004_position'), ('events', '0005_kernel_now')]

    operations = [
        migrations.AlterField(
            model_name='mail',
            name='due_at',
            field=models.DateTimeField(db_default=KernelNow()),
        ),
    ]
