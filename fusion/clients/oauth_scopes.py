"""The scopes that django-oauth-toolkit may grant: a subset of the client's own."""

from typing import Any

from oauth2_provider.scopes import BaseScopes

from fusion.access.actor import SCOPES, including_reads
from fusion.clients.models import ApiClient


class ClientScopes(BaseScopes):
    """Without `scope` a token has all scopes of its client; otherwise the named ones."""

    def get_all_scopes(self) -> dict[str, str]:
        """Every scope there is."""
        return {scope: scope for scope in SCOPES}

    def get_available_scopes(self, application: ApiClient, *args: Any, **kwargs: Any) -> list[str]:
        """The scopes that the client may request, including the read scope of each write scope."""
        return sorted(including_reads(application.scopes.split()))

    def get_default_scopes(self, application: ApiClient, *args: Any, **kwargs: Any) -> list[str]:
        """The client's scopes if the request names none."""
        return application.scopes.split()
