"""Registers django-allauth's accounts with Django."""

from allauth.account.apps import AccountConfig


class Accounts(AccountConfig):
    """django-allauth's own, without its check that its middleware is in `MIDDLEWARE`.

    Pages have their own list of middleware (`PAGE_MIDDLEWARE`), which contains it.
    """

    name = "allauth.account"

    def ready(self) -> None:
        """Does nothing: its checks concern sign-up, which does not exist here."""
