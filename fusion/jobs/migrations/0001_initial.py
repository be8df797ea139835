from django.db import migrations, models

from fusion.kernel.clock import KernelNow


class Migration(migrations.Migration):
    initial = True

    dependencies = [("events", "0005_kernel_now")]

    operations = [
        migrations.CreateModel(
            name="Run",
            fields=[
                ("sweep", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField(db_default=KernelNow())),
                ("finished_at", models.DateTimeField(null=True)),
            ],
        ),
    ]
