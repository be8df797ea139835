"""The spelling of e-mail addresses, by property."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fusion.accounts.rules import MAX_EMAIL, MIN_PASSWORD, normal_email

pytestmark = pytest.mark.pure


def test_limits() -> None:
    assert (MAX_EMAIL, MIN_PASSWORD) == (254, 12)


def test_the_longest_email() -> None:
    assert normal_email(" A@Example.com ") == "a@example.com"
    label = "a" * 61
    domain = ".".join([label] * 3) + ".example"
    longest = "x" * (MAX_EMAIL - len(domain) - 1) + "@" + domain
    assert normal_email(longest) == longest
    with pytest.raises(ValueError, match="254"):
        normal_email("x" + longest)


@settings(max_examples=30, deadline=None)
@given(some.emails(), some.text(" \t", max_size=3))
def test_one_spelling_of_an_email(email: str, space: str) -> None:
    try:
        normal = normal_email(email)
    except ValueError:
        return
    assert normal == normal_email(space + email.upper() + space) == normal_email(normal)


@given(some.text(max_size=40))
def test_invalid_emails_are_refused(text: str) -> None:
    if "@" not in text:
        with pytest.raises(ValueError, match="e-mail"):
            normal_email(text)
