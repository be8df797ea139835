"""The portal's tables: people's preferences, and the outbox."""

from django.db import models

from fusion.accounts.models import User
from fusion.kernel.clock import KernelNow
from fusion.kernel.ids import new_id
from fusion.kernel.model_fields import Xid8Field


class Preference(models.Model):
    """One person's preferences.

    Empty texts mean the browser's preference (language, theme) and UTC (time zone).
    `channel_mails`: they want mails when live calls reach a threshold.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="preference")
    language = models.CharField(max_length=8, default="")
    time_zone = models.CharField(max_length=64, default="")
    theme = models.CharField(max_length=8, default="")
    channel_mails = models.BooleanField(default=False, db_default=False)


class Mail(models.Model):
    """A mail to one person that has not been delivered yet (see `mails/outbox.py`)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    sender = models.TextField()
    recipient = models.TextField()
    subject = models.TextField()
    text = models.TextField()
    tries = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=KernelNow())

    class Meta:
        indexes = [models.Index("due_at", name="mail_due")]


class Position(models.Model):
    """The position of a reader inside the portal in the feed of events."""

    reader = models.CharField(max_length=32, primary_key=True)
    epoch = models.IntegerField()
    xid = Xid8Field()
    event = models.BigIntegerField()
