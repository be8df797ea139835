"""What the state of a subscription means for its trunks; patterns of emergency numbers."""

import re

import pytest

from fusion.kernel.errors import Problem
from fusion.trunks.rules import is_country, portable_pattern, require_active, require_living

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
        assert "terminated" in refused.value.detail or "suspended" in refused.value.detail


def test_countries() -> None:
    assert is_country("BE") and is_country("GB") and is_country("US")
    assert not is_country("XX") and not is_country("be") and not is_country("")


@pytest.mark.parametrize("pattern", [r"112|1\d{2}", "911", "1(?:0[01]|12)"])
def test_a_pattern_means_the_same_to_both(pattern: str) -> None:
    portable = portable_pattern(pattern)
    assert "\\" not in portable
    for number in range(2000):
        text = str(number)
        assert bool(re.fullmatch(pattern, text)) == bool(re.fullmatch(portable, text))


@pytest.mark.parametrize("pattern", ["", r"1\w", "11a", "1 1", "(?<x>1)", "1\n"])
def test_a_pattern_that_they_might_read_differently_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="not a pattern"):
        portable_pattern(pattern)
