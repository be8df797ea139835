"""A pytest plugin instead of `tests/conftest.py`: for tests that need no database."""

import django

django.setup()
