"""Display names of actors."""

from collections.abc import Iterable

from django.utils.translation import gettext

from fusion.access.actor import GROUP, Actor
from fusion.access.actor_names import Known, known_actors
from fusion.portal.templatetags.kit import KIND_WORDS


def display_names(actor: Actor, labels: Iterable[str | None]) -> dict[str, str]:
    """Label of a record → what the reader may see: a name, "Fusion", or a description.

    Actors above or beside the reader's organization appear as the kind of their organization.
    """
    wanted = {label for label in labels if label}
    known = known_actors(actor, wanted)
    return {label: _shown(actor, label, known.get(label)) for label in wanted}


def _shown(actor: Actor, label: str, known: Known | None) -> str:
    if label.startswith("system:"):
        return "Fusion"
    if known is not None and known.name is not None:
        return known.name
    outside = known.outside if known is not None else None
    if known is None and actor.kind != GROUP:
        outside = GROUP  # a record from before the audit trail knew who had left
    if outside == GROUP:
        return gettext("Your provider")
    if outside is not None:
        return str(KIND_WORDS[outside])
    return gettext("A former member") if label.startswith("member:") else gettext("A former client")
