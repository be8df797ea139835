"""Limits on failed sign-ins: they slow guessing down without affecting other people.

| counted by | stops | limit | |---|---|---| | account and address together | guesses at one account
from one place | 5 in 5 minutes | | account | guesses at one account from many places | 10 in 15
minutes | | address | guesses at many accounts from one place | 30 in 5 minutes |

A browser from which the person has signed in before, and a session of theirs, are counted
separately: strangers can neither use up their attempts nor guess through them. Only wrong passwords
count: an attempt is counted before the password is checked, and subtracted again if it was right.
"""

from allauth.core.internal import ratelimit
from allauth.core.internal.ratelimit import RateLimitUsage
from django.http import HttpRequest

from fusion.portal.account.devices import known_device

APP = "fusion"

LIMITS = {
    "address": "30/5m/ip",
    "account": "10/15m/key",
    "account-at-address": "5/5m/key",
    "device": "10/15m/key",
}


def admit_attempt(request: HttpRequest, email: str) -> RateLimitUsage | None:
    """The counts of the attempt, to be subtracted if it succeeds; None if it is one too many."""
    account = email.strip().lower()
    device = _own(request, account)
    if device is not None:
        return _take(request, {"device": f"{account} {device}"})
    place = ratelimit.get_ip(request)
    # The address comes first: an attempt refused for its address does not count against an account.
    return _take(
        request, {"address": None, "account": account, "account-at-address": f"{account} {place}"}
    )


def purge_attempts(request: HttpRequest, email: str) -> None:
    """Reset the counts of an account whose owner has set a new password."""
    account = email.strip().lower()
    ratelimit.clear(request, app=APP, action="account", config=LIMITS, key=account)
    place = f"{account} {ratelimit.get_ip(request)}"
    ratelimit.clear(request, app=APP, action="account-at-address", config=LIMITS, key=place)


def _own(request: HttpRequest, account: str) -> str | None:
    """The session or browser of the account's owner; None for everybody else."""
    user = request.user
    if user.is_authenticated and user.email == account:
        return f"session {user.pk}"
    return known_device(request, account)


def _take(request: HttpRequest, keys: dict[str, str | None]) -> RateLimitUsage | None:
    taken: list[RateLimitUsage] = []
    for action, key in keys.items():
        usage = ratelimit.consume(request, app=APP, action=action, config=LIMITS, key=key)
        if usage is None:
            for former in taken:
                former.rollback()
            return None
        taken.append(usage)
    return RateLimitUsage(usage=[each for usage in taken for each in usage.usage])
