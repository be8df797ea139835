"""When each sweep of the workers last ran, and when it runs next."""

from django.db import models

from fusion.kernel.clock import KernelNow


class Run(models.Model):
    """One row for each sweep, shared by all workers: the first to find it due runs it."""

    sweep = models.CharField(max_length=64, primary_key=True)
    due_at = models.DateTimeField(db_default=KernelNow())
    finished_at = models.DateTimeField(null=True)
