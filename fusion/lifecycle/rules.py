"""The states of a subscription: active ⇄ suspended → terminated, and never back."""

from fusion.kernel.errors import Problem


def require_living(status: str) -> None:
    """Problem `subscription-terminated` if `status` is terminated.

    Invariant: that state is final.
    """
    if status == "terminated":
        raise Problem(
            "subscription-terminated",
            "The subscription is terminated. This is final. Create a new subscription for "
            "this tenant.",
        )
