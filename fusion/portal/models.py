"""What the portal keeps of people besides what they may do: how they like to read it."""

from django.db import models

from fusion.tenancy.models import User


class Preference(models.Model):
    """How one person reads the portal.

    Empty texts stand for what the browser asks for (language, theme) and for UTC (time zone).
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="preference")
    language = models.CharField(max_length=8, default="")
    time_zone = models.CharField(max_length=64, default="")
    theme = models.CharField(max_length=8, default="")
