"""The scopes that django-oauth-toolkit may grant: each client its own, never more."""

from typing import Any

from oauth2_provider.scopes import BaseScopes

from fusion.tenancy.actor import SCOPES, including_reads
from fusion.tenancy.models import ApiClient


class ClientScopes(BaseScopes):
    """Without `scope` a token has all scopes of its client; with it, those it names."""

    def get_all_scopes(self) -> dict[str, str]:
        """Every scope there is."""
        return {scope: scope for scope in SCOPES}

    def get_available_scopes(self, application: ApiClient, *args: Any, **kwargs: Any) -> list[str]:
        """What the client may ask for; the read scope of a write scope too."""
        return sorted(including_reads(application.scopes.split()))

    def get_default_scopes(self, application: ApiClient, *args: Any, **kwargs: Any) -> list[str]:
        """What the client gets without asking."""
        return application.scopes.split()
