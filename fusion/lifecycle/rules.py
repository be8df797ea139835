"""The states of a subscription: active ⇄ suspended → terminated; a restoration leads back."""

from fusion.kernel.errors import Problem


def require_living(status: str) -> None:
    """Problem `subscription-terminated` if `status` is terminated.

    Invariant: only a restoration leaves that state.
    """
    if status == "terminated":
        raise Problem(
            "subscription-terminated",
            "The subscription is terminated. Restore it, or create a new one for this tenant.",
        )
