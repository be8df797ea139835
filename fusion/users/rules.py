"""The rules of users: logins, and the required state of the subscription."""

from fusion.kernel.errors import Problem
from fusion.kernel.text import mixes_scripts

MAX_ROWS = 10_000
"""Most rows of a batch."""


def one_script(login: str) -> str:
    """The login; ValueError if it mixes scripts with letters that look alike.

    Invariant: no two different logins look the same.
    """
    if mixes_scripts(login):
        raise ValueError("must not mix Latin letters with similar Cyrillic or Greek letters")
    return login


def require_living(status: str) -> None:
    """Problem `subscription-terminated`.

    Invariant: users of a terminated subscription never change.
    """
    if status == "terminated":
        raise Problem(
            "subscription-terminated",
            "The subscription is terminated. You can no longer change its users.",
        )


def require_active(status: str) -> None:
    """Problem `subscription-terminated` or `-suspended`.

    Invariant: batches need an active subscription.
    """
    require_living(status)
    if status == "suspended":
        raise Problem(
            "subscription-suspended",
            "The subscription is suspended and accepts no batch of users. Resume it first.",
        )
