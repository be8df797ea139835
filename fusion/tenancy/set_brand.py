"""Setting how the portal is called and looks for a group's people, and by which host name."""

from fusion.kernel.errors import Problem
from fusion.tenancy.actor import Actor
from fusion.tenancy.brand import DEFAULT_COLOUR, DEFAULT_NAME, Logo, brand_document
from fusion.tenancy.models import Brand
from fusion.tenancy.permissions import MANAGE_BRAND
from fusion.tenancy.refusing import refusing
from fusion.tenancy.use_case import Done, use_case


@use_case(MANAGE_BRAND, verb="brand.set", unaudited=("logo",))
def set_brand(
    actor: Actor,
    *,
    name: str,
    colour: str,
    logo: Logo | None = None,
    remove_logo: bool = False,
) -> Done:
    """Set name and colour (`#rrggbb`); a logo is replaced by another one, or removed."""
    brand = _held(actor)
    brand.name, brand.colour = name, colour
    if logo is not None:
        brand.logo, brand.logo_type = logo.content, logo.media_type
    elif remove_logo:
        brand.logo, brand.logo_type = None, ""
    return _saved(actor, brand, "name", "colour", "logo", "logo_type")


@use_case(MANAGE_BRAND, verb="brand.set_host")
def set_host(actor: Actor, *, host: str | None) -> Done:
    """Let a host name, in lower case, stand for the group; None takes it away again.

    For those who run Fusion alone: it decides what everybody sees who comes by that name.
    Problem `conflict` when it stands for another group.
    """
    brand = _held(actor)
    brand.host = host
    taken = Problem("conflict", f"The host name {host} is in use for another group.")
    with refusing(brand_host=taken):
        return _saved(actor, brand, "host")


def _held(actor: Actor) -> Brand:
    """The group's brand, locked; the first one is made. Of two who make it one waits."""
    Brand.objects.bulk_create(
        [Brand(group_id=actor.group_id, name=DEFAULT_NAME, colour=DEFAULT_COLOUR)],
        ignore_conflicts=True,
    )
    return Brand.objects.select_for_update().get(group_id=actor.group_id)


def _saved(actor: Actor, brand: Brand, *names: str) -> Done:
    brand.revision += 1
    brand.save(update_fields=[*names, "revision"])
    return Done(brand_document(brand), actor.path, brand.id)
