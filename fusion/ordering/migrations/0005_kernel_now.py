from django.db import migrations, models

from fusion.kernel.clock import KernelNow


class Migration(migrations.Migration):
    """Columns that default to the present instant take it from `kernel_now()`."""

    dependencies = [('ordering', '0004_order_requests'), ('events', '0005_kernel_now')]

    operations = [
        migrations.AlterField(
            model_name='orderrequest',
            name='requested_at',
            field=models.DateTimeField(db_default=KernelNow()),
        ),
    ]
