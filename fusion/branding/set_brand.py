"""Setting a group's brand, and the host name that shows it."""

from fusion.access.actor import Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import MANAGE_BRAND
from fusion.access.use_case import Done, use_case
from fusion.branding.brand import DEFAULT_COLOUR, DEFAULT_NAME, Logo, brand_document
from fusion.branding.models import Brand
from fusion.kernel.errors import Problem


@use_case(MANAGE_BRAND, verb="brand.set", unaudited=("logo",))
def set_brand(
    actor: Actor,
    *,
    name: str,
    colour: str,
    logo: Logo | None = None,
    remove_logo: bool = False,
) -> Done:
    """Set name and colour (`#rrggbb`); replace or remove the logo."""
    brand = _held(actor)
    brand.name, brand.colour = name, colour
    if logo is not None:
        brand.logo, brand.logo_type = logo.content, logo.media_type
    elif remove_logo:
        brand.logo, brand.logo_type = None, ""
    return _saved(actor, brand, "name", "colour", "logo", "logo_type")


@use_case(MANAGE_BRAND, verb="brand.set_host")
def set_host(actor: Actor, *, host: str | None) -> Done:
    """Bind a host name, in lower case, to the group; None removes the binding.

    Only for the operators of Fusion: it decides what every visitor of that host name sees. Problem
    `conflict` if it is bound to another group.
    """
    brand = _held(actor)
    brand.host = host
    taken = Problem("conflict", f"Another group already uses the host name {host}.")
    with map_constraint_errors(brand_host=taken):
        return _saved(actor, brand, "host")


def _held(actor: Actor) -> Brand:
    """The group's brand, locked; created if missing. If two create it, one waits."""
    Brand.objects.bulk_create(
        [Brand(group_id=actor.group_id, name=DEFAULT_NAME, colour=DEFAULT_COLOUR)],
        ignore_conflicts=True,
    )
    return Brand.objects.select_for_update().get(group_id=actor.group_id)


def _saved(actor: Actor, brand: Brand, *names: str) -> Done:
    brand.revision += 1
    brand.save(update_fields=[*names, "revision"])
    return Done(brand_document(brand), actor.path, brand.id)
