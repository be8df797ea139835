"""What a setting takes, and how it refuses what it cannot use."""

from typing import Any

import pytest

from fusion.kernel.environment import SETTINGS

READ = [
    ("FUSION_HTTPS", " Yes ", True),
    ("FUSION_HTTPS", "0", False),
    ("FUSION_BODY_SECONDS", "1", 1),
    ("FUSION_LOG_LEVEL", "debug", "DEBUG"),
    ("FUSION_CALL_LEASE_SECONDS", "1", 1),
    ("FUSION_CALL_LEASE_SECONDS", "86400", 86_400),
    ("FUSION_RATE_LIMIT", "0", 0),
    ("FUSION_PORTAL_URL", " https://portal.example.com/ ", "https://portal.example.com"),
    ("FUSION_PORTAL_URL", " ", ""),
    ("FUSION_ALLOWED_HOSTS", " a.example.com, ,b.example.com", ["a.example.com", "b.example.com"]),
]

REFUSED = [
    ("FUSION_HTTPS", "maybe", "must be true or false"),
    ("FUSION_BODY_SECONDS", "0", "must be 1 or more"),
    ("FUSION_LOG_LEVEL", "loud", "must be one of DEBUG, INFO, WARNING, ERROR"),
    ("FUSION_CALL_LEASE_SECONDS", "0", "must be from 1 to 86400"),
    ("FUSION_CALL_LEASE_SECONDS", "86401", "must be from 1 to 86400"),
    ("FUSION_RATE_LIMIT", "-1", "must be 0 or more"),
    ("FUSION_RATE_LIMIT", "many", "invalid literal"),
    ("FUSION_PORTAL_URL", "ftp://portal.example.com", "must start with https:// or http://"),
    ("FUSION_PORTAL_URL", "https://portal.example.com/?a=1", "must start with"),
]


@pytest.mark.parametrize(("name", "text", "value"), READ)
def test_valid_settings_are_read(name: str, text: str, value: Any) -> None:
    assert SETTINGS[name].read(text) == value


@pytest.mark.parametrize(("name", "text", "words"), REFUSED)
def test_invalid_settings_are_refused(name: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SETTINGS[name].read(text)
