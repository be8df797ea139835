"""Logins are kept clean by the database itself, before it makes their keys of them."""

from importlib import import_module

from django.db import migrations

keep_clean = import_module("fusion.tenancy.migrations.0021_clean_references").keep_clean


class Migration(migrations.Migration):
    dependencies = [('users', '0007_fill_login_keys'), ('tenancy', '0021_clean_references')]

    operations = keep_clean("users_user", "login")
