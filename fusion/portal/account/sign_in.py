"""Signing in. In a demonstration the page lists the accounts."""

import json
from typing import Any

from allauth.account.views import LoginView
from django.conf import settings


class SignIn(LoginView):
    """django-allauth's view; its form, throttling and stages."""

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """The page's context; in a demonstration with `logins`."""
        context: dict[str, Any] = super().get_context_data(**more)
        return {**context, "logins": demo_logins() if settings.DEMO else []}


def demo_logins() -> list[dict[str, str]]:
    """The accounts of the demonstration, from its facts file."""
    try:
        facts = json.loads((settings.VAR / "demo.json").read_text(encoding="utf-8"))
        return list(facts["logins"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


sign_in = SignIn.as_view()
