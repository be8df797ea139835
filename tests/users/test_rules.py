"""What the state of a subscription means for its users; how large a batch may be."""

import pytest

from fusion.kernel.errors import Problem
from fusion.users.rules import MAX_ROWS, require_active, require_living

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("status", "living", "active"),
    [
        ("active", None, None),
        ("suspended", None, "subscription-suspended"),
        ("terminated", "subscription-terminated", "subscription-terminated"),
    ],
)
def test_allowed_operations_by_state(status: str, living: str | None, active: str | None) -> None:
    for require, expected in ((require_living, living), (require_active, active)):
        if expected is None:
            require(status)
            continue
        with pytest.raises(Problem) as refused:
            require(status)
        assert refused.value.code == expected
        help = "can no longer change" if status == "terminated" else "Resume it"
        assert help in refused.value.detail


def test_a_batch_has_ten_thousand_rows_at_most() -> None:
    assert MAX_ROWS == 10_000
