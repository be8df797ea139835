"""Refusals in the reader's words: the title of each problem, and what would help."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from fusion.kernel.errors import Problem
from fusion.portal.refusals import translated

TITLES = {
    "forbidden": _("You do not have permission for this"),
    "not-found": _("There is nothing here"),
    "conflict": _("This does not fit the present state"),
    "external-reference-taken": _("This reference is in use already"),
    "product-retired": _("This product is retired"),
    "not-held": _("There are not that many to remove"),
    "below-use": _("More is in use than would be left"),
    "subscription-suspended": _("The subscription is suspended"),
    "subscription-terminated": _("The subscription is terminated"),
    "order-not-cancellable": _("This order can no longer be cancelled"),
    "no-entitlement": _("No number entitlement is left"),
    "no-free-number": _("No free number is left"),
    "number-not-available": _("This number is not available"),
    "number-in-use": _("This number is in use"),
    "number-not-assigned": _("This number is not assigned"),
    "no-license": _("No licence is left"),
    "range-not-available": _("This range is not available"),
    "stale-revision": _("Someone has changed it in the meantime"),
    "too-large": _("This is too large"),
    "invalid-fields": _("Some fields are not right"),
    "idempotency-key-reused": _("This form was sent before, with other content"),
    "duplicate-line": _("A product stands in more than one line"),
    "rate-limited": _("That was too often; wait a little"),
    "invalid-json": _("The request cannot be read"),
    "method-not-allowed": _("This address is no page"),
    "internal-error": _("Something went wrong on our side"),
    "unavailable": _("Fusion cannot reach its database just now"),
}
"""Problem code → title. Omits codes that no page can meet."""


EXPLANATIONS = {
    "not-found": _("The page does not exist, or it is about something that you cannot see."),
    "idempotency-key-reused": _(
        "This form was sent before, with other content, and that was done. Look at what has come "
        "of it; to do this as well, send the form once more."
    ),
    "no-license": _(
        "No licence is left. Unlink a user who no longer needs a number, or have more licences "
        "ordered."
    ),
    "no-entitlement": _(
        "No number entitlement is left. Release numbers that are no longer needed, or have more "
        "ordered."
    ),
    "number-not-assigned": _("The number is not assigned to this subscription. Assign it first."),
    "no-free-number": _(
        "There are not that many free numbers of this type. Ask for fewer, for numbers that need "
        "not be consecutive, or have the provider add a range."
    ),
    "subscription-suspended": _(
        "The subscription is suspended: nothing new can be added. Have it resumed first."
    ),
    "subscription-terminated": _("The subscription is terminated. That is final."),
    "method-not-allowed": _(
        "It belongs to a button of a page. Nothing was changed. Open that page and press it there."
    ),
    "invalid-json": _(
        "What your browser has sent cannot be read, or has too many fields. Nothing was changed. "
        "Open the page again."
    ),
    "internal-error": _(
        "It was noted, and nothing is known to have been changed. Try again; if it happens once "
        "more, report it with the request's id."
    ),
    "unavailable": _(
        "It cannot be reached, or is too busy. Nothing is known to have been changed. Load the "
        "page again in a moment."
    ),
    "stale-revision": _(
        "It was changed after you had opened this page. Open the page again to see what it is now."
    ),
}
"""Problem code → explanation, if the detail is written for programs."""


TRUNK_IN_USE = _(
    "Numbers routed to this trunk: %(numbers)s; calls live on it: %(calls)s. Take the numbers off, "
    "and let the calls end."
)

NOT_HELD = _(
    "The subscription holds %(held)s of product %(product_code)s, %(missing)s fewer than the "
    "%(requested)s to be removed."
)

WITH_FACTS = {
    ("conflict", "login"): _(
        "Another user of this subscription has the login %(login)s (upper and lower case are the "
        "same). Take another login, or use the user who is there."
    ),
    ("conflict", "acting"): _(
        "You act for %(acting)s now; this page was opened for another organization. Nothing was "
        "changed. Send it once more if it is meant for %(acting)s, or switch back first."
    ),
    ("conflict", "you_are_last"): _(
        "You are the last administrator of %(you_are_last)s. Without one, nobody there could "
        "manage its members. Make someone else an administrator first; an invitation counts once "
        "it is accepted."
    ),
    ("conflict", "last_administrator"): _(
        "%(last_administrator)s is the last administrator of %(organization)s. Without one, nobody "
        "there could manage its members. Make someone else an administrator first; an invitation "
        "counts once it is accepted."
    ),
    ("conflict", "calls"): TRUNK_IN_USE,
    ("number-in-use", "calls"): TRUNK_IN_USE,
    ("rate-limited", "invited"): _(
        "This organization has invited %(invited)s people within a day, which is the most. Invite "
        "others tomorrow."
    ),
    ("rate-limited", "sent"): _(
        "This invitation was sent %(sent)s times, which is the most. Ask whether the address is "
        "right; else withdraw it and invite anew."
    ),
    ("number-in-use", "user_id"): _("The number is linked to a user. Unlink it there first."),
    ("number-in-use", "trunk_id"): _("The number is routed to a trunk. Take it off there first."),
    ("number-not-available", "numbers"): _(
        "Not to be had: %(numbers)s. Nothing was taken; leave these out, or ask for the next free "
        "ones."
    ),
}
"""(Problem code, another member) → the explanation with its facts."""

MOST_NAMED = 10
"""Most numbers that a sentence lists."""


def title_of(problem: Problem) -> str:
    """The title of the refusal, in the reader's language."""
    return str(TITLES.get(problem.code, problem.title))


def explain(problem: Problem) -> str:
    """The refusal in a sentence or two: what, why, and what would help."""
    for (code, fact), text in WITH_FACTS.items():
        if code == problem.code and problem.extra.get(fact) is not None:
            return str(text) % {name: _fact(value) for name, value in problem.extra.items()}
    if problem.code in EXPLANATIONS:
        return str(EXPLANATIONS[problem.code])
    if "holdings" in problem.extra:
        return " ".join(str(NOT_HELD) % each for each in problem.extra["holdings"])
    if problem.errors:
        return " ".join(
            f"{each['field']}: {explain_field(each['message'])}" for each in problem.errors
        )
    return translated(problem.detail)


def _fact(value: Any) -> str:
    if not isinstance(value, list):
        return str(value)
    named = [str(each.get("e164")) for each in value[:MOST_NAMED]]
    return ", ".join(named) + (" …" if len(value) > MOST_NAMED else "")


def explain_field(message: str) -> str:
    """The error of a field, as shown beside it."""
    text = translated(message)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def sentences(problem: Problem, names: Mapping[str, str]) -> list[str]:
    """All sentences of a refusal: what would help, and each of its SKUs with its numbers.

    `names` maps the codes of SKUs to their names.
    """
    numbers = [explain_refusal(each, names) for each in problem.refusals]
    # The detail would only repeat the numbers of the refusals.
    if problem.refusals and problem.code not in EXPLANATIONS:
        return numbers
    return [explain(problem), *numbers]


def sku_words(code: str, names: Mapping[str, str]) -> str:
    """The name of a SKU and its code; the code alone if it is the name."""
    name = names.get(code, code)
    return code if name == code else f"{name} ({code})"


IN_USE = _(
    "%(name)s: %(granted)s are ordered and %(used)s in use. To take %(requested)s away, release "
    "%(missing)s first."
)

TOO_MANY = _(
    "%(sku)s: %(granted)s ordered; with %(requested)s more there would be %(missing)s more than "
    "Fusion counts."
)


def explain_refusal(refusal: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """One SKU of a refusal, with its numbers and what would make the order succeed."""
    missing = refusal.get("missing") or 0
    sku = sku_words(str(refusal.get("sku")), names)
    return _words(refusal.get("code"), missing) % {
        "sku": sku,
        "name": sku,
        "granted": refusal.get("granted"),
        "used": refusal.get("used"),
        "requested": refusal.get("requested"),
        "missing": missing,
    }


def _words(code: str | None, missing: int) -> str:
    if code == "conflict":
        return str(TOO_MANY)
    if code == "below-use":
        return str(IN_USE)
    return ngettext(
        "%(sku)s: %(granted)s ordered, %(used)s in use, %(requested)s asked for; %(missing)s is "
        "missing.",
        "%(sku)s: %(granted)s ordered, %(used)s in use, %(requested)s asked for; %(missing)s are "
        "missing.",
        missing,
    )
