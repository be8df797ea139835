"""Display names of actors."""

from collections.abc import Iterable

from django.utils.translation import gettext

from fusion.access.actor import GROUP, Actor
from fusion.access.actor_names import actor_names


def display_names(actor: Actor, labels: Iterable[str | None]) -> dict[str, str]:
    """Label of a record → the name that the reader may see: a name, "Fusion", or a description.

    Actors above or beside the reader's organization are not named.
    """
    wanted = {label for label in labels if label}
    known = actor_names(actor, wanted)
    return {label: known.get(label) or _unnamed(actor, label) for label in wanted}


def _unnamed(actor: Actor, label: str) -> str:
    if label.startswith("system:"):
        return "Fusion"
    if actor.kind != GROUP:
        return gettext("Your provider")
    return gettext("A former member") if label.startswith("member:") else gettext("A former client")
