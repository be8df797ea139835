"""A pytest plugin instead of `tests/conftest.py`: for tests that need no database."""

import django
from hypothesis import settings

django.setup()
settings.register_profile("unhurried", deadline=None, derandomize=True)
settings.load_profile("unhurried")
