"""What several tests of trunks begin with."""

from datetime import datetime, timedelta

import pytest

from fusion.kernel.clock import now


@pytest.fixture
def day() -> datetime:
    """The beginning of a day that is over."""
    return now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=20)
