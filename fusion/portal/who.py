"""Who did something, as people read it."""

from collections.abc import Iterable

from django.utils.translation import gettext

from fusion.tenancy.actor import GROUP, Actor
from fusion.tenancy.labels import names_behind


def who(actor: Actor, labels: Iterable[str | None]) -> dict[str, str]:
    """Label of a record → what the reader calls them: a name, "Fusion", or what may be told.

    Whoever stands above the reader's organization, or beside it, is not named.
    """
    given = {label for label in labels if label}
    known = names_behind(actor, given)
    return {label: known.get(label) or _unnamed(actor, label) for label in given}


def _unnamed(actor: Actor, label: str) -> str:
    if label.startswith("system:"):
        return "Fusion"
    if actor.kind != GROUP:
        return gettext("Your provider")
    return gettext("A former member") if label.startswith("member:") else gettext("A former client")
