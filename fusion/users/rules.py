"""What the state of a subscription means for the records of its users."""

from fusion.kernel.errors import Problem
from fusion.kernel.text import mixes_scripts

MAX_ROWS = 10_000
"""Most rows of a batch."""


def one_script(login: str) -> str:
    """The login; ValueError where it mixes scripts whose letters look like each other's.

    Invariant: a login is what it looks like.
    """
    if mixes_scripts(login):
        raise ValueError("mixes Latin letters with Cyrillic or Greek ones, which look the same")
    return login


def require_living(status: str) -> None:
    """Problem `subscription-terminated`. Invariant: what was terminated is kept as it was."""
    if status == "terminated":
        raise Problem(
            "subscription-terminated",
            "The subscription is terminated; that is final, and its users are kept as they were.",
        )


def require_active(status: str) -> None:
    """Problem `subscription-terminated` or `-suspended`. Invariant: batches need an active one."""
    require_living(status)
    if status == "suspended":
        raise Problem(
            "subscription-suspended",
            "The subscription is suspended: no batch of users is taken. Have it resumed first.",
        )
