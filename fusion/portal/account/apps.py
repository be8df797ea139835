"""Registers django-allauth's accounts with Django."""

from allauth.account.apps import AccountConfig


class Accounts(AccountConfig):
    """django-allauth's own, without its look for its middleware in `MIDDLEWARE`.

    Pages have a list of their own (`PAGE_MIDDLEWARE`), where it stands.
    """

    name = "allauth.account"

    def ready(self) -> None:
        """Nothing: its checks are about sign-up, which there is none of."""
