"""The rules of products in words: what a subscription may hold, and what prevents an order."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

PRODUCT_DETAILS = (
    gettext_noop(
        "A product with the code %(code)s already exists. Change that product, or choose "
        "another code."
    ),
    gettext_noop(
        "Another product already has the external reference %(reference)s. Remove it from "
        "that product first, or use another one."
    ),
    gettext_noop(
        "Another SKU already has the external reference %(reference)s. Remove it from "
        "that SKU first, or use another one."
    ),
    gettext_noop(
        "Other products require %(code)s: %(codes)s. Remove it from what they require first, or "
        "retire it instead: then it can no longer be ordered."
    ),
)
"""Details of refusals of products; see `refusals.py`."""

PRODUCT_MESSAGES = (
    gettext_noop("no product has the code %(code)s"),
    gettext_noop("%(code)s is already in the list"),
    gettext_noop("a product cannot require itself: %(chain)s"),
    gettext_noop("one of these products has just been deleted; read them again"),
    gettext_noop("must be the minimum (%(least)s) or more; it is %(most)s"),
    gettext_noop(
        "no multiple of %(step)s lies between %(least)s and %(most)s; change one of the three"
    ),
)
"""Errors of fields of products."""

NOT_ALLOWED = _(
    "Product %(product_code)s: the subscription would hold %(held_after)s. Allowed: %(allowed)s. "
    "Change the order so that it holds %(nearest)s."
)

REQUIRES = _(
    "Product %(product_code)s requires %(required)s. Add that in the same order, or before it."
)

REQUIRED_BY = _(
    "Product %(product_code)s is required by %(required_by)s, which the subscription still holds. "
    "Keep at least one, or remove the others in the same order."
)


def limits_in_words(least: int | None, most: int | None, step: int | None) -> str:
    """The quantities that a subscription may hold; empty without a limit."""
    facts = {"least": least or step or 1, "most": most, "step": step}
    if (step or 1) > 1:
        if most is None:
            return gettext("0, or a multiple of %(step)s from %(least)s on") % facts
        return gettext("0, or a multiple of %(step)s from %(least)s to %(most)s") % facts
    if most is not None:
        return gettext("0, or %(least)s to %(most)s") % facts
    return gettext("0, or at least %(least)s") % facts if (least or 1) > 1 else ""


def explain_rule(refusal: Mapping[str, Any]) -> str:
    """A refusal by the rule of a product, with what would make the order succeed."""
    if "requires" in refusal:
        return str(REQUIRES) % {**refusal, "required": ", ".join(refusal["requires"])}
    if "required_by" in refusal:
        return str(REQUIRED_BY) % {**refusal, "required_by": ", ".join(refusal["required_by"])}
    limits = limits_in_words(refusal["min_quantity"], refusal["max_quantity"], refusal["step"])
    nearest = gettext(" or ").join(str(each) for each in refusal["allowed"])
    return str(NOT_ALLOWED) % {**refusal, "allowed": limits, "nearest": nearest}
