"""Refusals in the reader's words: the title of each problem, and what would help."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from fusion.kernel.errors import Problem
from fusion.portal.product_rules import explain_rule
from fusion.portal.refusals import translated

TITLES = {
    "forbidden": _("You do not have permission for this"),
    "port-request-needed": _("Your provider decides on ports"),
    "not-found": _("Page not found"),
    "conflict": _("This is not possible in the current state"),
    "external-reference-taken": _("This reference is already in use"),
    "product-retired": _("This product is retired"),
    "not-held": _("The subscription holds fewer than that"),
    "quantity-changed": _("The subscription holds another quantity"),
    "quantity-not-allowed": _("The subscription may not hold this quantity"),
    "product-required": _("Another product is required"),
    "below-use": _("More is in use than would remain"),
    "subscription-suspended": _("The subscription is suspended"),
    "subscription-terminated": _("The subscription is terminated"),
    "subscription-not-terminated": _("The subscription is not terminated"),
    "restore-too-late": _("It is too late to restore the subscription"),
    "order-not-cancellable": _("This order can no longer be cancelled"),
    "order-not-scheduled": _("This order is no longer scheduled"),
    "no-entitlement": _("No number entitlement is left"),
    "no-free-number": _("No free number is left"),
    "number-not-available": _("This number is not available"),
    "number-in-use": _("This number is in use"),
    "number-not-assigned": _("This number is not assigned"),
    "no-license": _("No licence is left"),
    "range-not-available": _("This range is not available"),
    "stale-revision": _("Someone else has changed this in the meantime"),
    "too-large": _("This is too large"),
    "invalid-fields": _("Some fields are invalid"),
    "idempotency-key-reused": _("You already sent this form with different content"),
    "duplicate-line": _("A product appears in more than one line"),
    "rate-limited": _("Too many requests; wait a moment"),
    "invalid-json": _("The request is unreadable"),
    "method-not-allowed": _("This address is not a page"),
    "internal-error": _("Something went wrong on our side"),
    "unavailable": _("Fusion cannot reach its database right now"),
}
"""Problem code → title. Omits codes that no page can meet."""


EXPLANATIONS = {
    "not-found": _("The page does not exist, or you do not have access to it."),
    "idempotency-key-reused": _(
        "You already sent this form with different content, and Fusion carried that out. "
        "Check the result. To make this change as well, send the form again."
    ),
    "port-request-needed": _(
        "Send a port request instead. You find it with the numbers of the subscription."
    ),
    "no-license": _(
        "No licence is left. Unlink a user who no longer needs a number, or request more licences."
    ),
    "no-entitlement": _(
        "No number entitlement is left. Release numbers that you no longer need, or request more."
    ),
    "number-not-assigned": _("The number is not assigned to this subscription. Assign it first."),
    "no-free-number": _(
        "Too few free numbers of this type are available. Request fewer or non-consecutive "
        "numbers, or ask the provider to add a range."
    ),
    "subscription-suspended": _(
        "The subscription is suspended, so you cannot add anything. Ask your provider to "
        "resume it first."
    ),
    "subscription-terminated": _(
        "The subscription is terminated. Your provider can restore it while its numbers are in "
        "quarantine."
    ),
    "method-not-allowed": _(
        "This address only accepts a form. Nothing was changed. Open the page with the "
        "form and use its button."
    ),
    "invalid-json": _(
        "Fusion cannot read what your browser sent, or the form has too many fields. "
        "Nothing was changed. Open the page again."
    ),
    "internal-error": _(
        "Fusion logged the error. Probably nothing was changed. Try again. If the error "
        "comes back, report it with the request id."
    ),
    "unavailable": _(
        "The database is unreachable or too busy. Probably nothing was changed. Reload the "
        "page in a moment."
    ),
    "stale-revision": _(
        "Someone changed it after you opened this page. Reload the page to see the current values."
    ),
}
"""Problem code → explanation, if the detail is written for programs."""


TRUNK_IN_USE = _(
    "Numbers routed to this trunk: %(numbers)s; live calls: %(calls)s. Unroute the numbers "
    "and wait until the calls end."
)

NOT_HELD = _(
    "The subscription holds %(held)s of product %(product_code)s, %(missing)s fewer than "
    "the %(requested)s to remove."
)

NOT_HELD_OF_REVISION = _(
    "The subscription holds %(held)s of product %(product_code)s in revision %(revision)s, "
    "%(missing)s fewer than the %(requested)s to remove."
)

HELD_ANOTHER = _(
    "The subscription holds %(held)s of product %(product_code)s, not the expected %(expected)s. "
    "Check what it should hold, and order again."
)

WITH_FACTS = {
    ("not-found", "login"): _(
        "No user of this subscription has the login %(login)s. Nothing was changed."
    ),
    ("number-in-use", "login"): _(
        "%(e164)s is linked to the user %(login)s. Unlink it there first, or choose another number."
    ),
    ("conflict", "login"): _(
        "Another user of this subscription has the login %(login)s; case is ignored. "
        "Choose another login, or use the existing user."
    ),
    ("conflict", "acting"): _(
        "You are now acting for %(acting)s, but you opened this page for another "
        "organization. Nothing was changed. To make the change for %(acting)s, send the "
        "form again; otherwise switch back first."
    ),
    ("conflict", "you_are_last"): _(
        "You are the last administrator of %(you_are_last)s. Without one, nobody there "
        "could manage its members. First make another member an administrator, or wait "
        "until an invited one accepts."
    ),
    ("conflict", "last_administrator"): _(
        "%(last_administrator)s is the last administrator of %(organization)s. Without "
        "one, nobody there could manage its members. First make another member an "
        "administrator, or wait until an invited one accepts."
    ),
    ("conflict", "calls"): TRUNK_IN_USE,
    ("number-in-use", "calls"): TRUNK_IN_USE,
    ("rate-limited", "invited"): _(
        "This organization has reached the limit of %(invited)s invitations per day. "
        "Invite others tomorrow."
    ),
    ("rate-limited", "sent"): _(
        "This invitation has reached the limit of %(sent)s e-mails. Check the address. If "
        "it is wrong, withdraw the invitation and send a new one."
    ),
    ("number-in-use", "user_id"): _("The number is linked to a user. Unlink it there first."),
    ("number-in-use", "trunk_id"): _("The number is routed to a trunk. Unroute it there first."),
}
"""(Problem code, another member) → the explanation with its facts."""

NOT_AVAILABLE = _(
    "Not available: %(numbers)s. No number was assigned. Remove these numbers, or "
    "choose the next free ones."
)

WAITS_FOR_PORT = {
    "in": _(
        "%(e164)s is waiting for port request %(port_request_id)s dated %(port_date)s, which ports "
        "it in. Withdraw or reject that request, or change its date."
    ),
    "out": _(
        "%(e164)s is waiting for port request %(port_request_id)s dated %(port_date)s, which ports "
        "it out. Withdraw or reject that request, or change its date."
    ),
}
"""Direction of the approved port for which a number waits → the refusal of everything else."""

WAITING = _("waiting for port request %(port_request_id)s dated %(port_date)s")
END_WAITING = _("Withdraw or reject that port request, or change its date.")

NOT_PORTED = _(
    "Already in an inventory: %(numbers)s. No number was ported in. Remove these numbers. A "
    "number can be ported in once its present inventory has released it."
)

WHY_NOT = {
    "unknown": _("not in the inventory"),
    "taken": _("assigned to another subscription"),
    "assigned": _("already assigned to this subscription"),
    "reserved": _("reserved for this subscription"),
    "quarantined": _("in quarantine"),
    "ported_out": _("ported out to another operator"),
}
"""State of a number that cannot be assigned → why not."""

MOST_NAMED = 10
"""Most numbers that a sentence lists."""


def title_of(problem: Problem) -> str:
    """The title of the refusal, in the reader's language."""
    return str(TITLES.get(problem.code, problem.title))


def explain(problem: Problem) -> str:
    """The refusal in a sentence or two: what, why, and what would help."""
    if problem.extra.get("port_direction") in WAITS_FOR_PORT:
        return str(WAITS_FOR_PORT[problem.extra["port_direction"]]) % problem.extra
    if problem.code == "number-not-available" and "numbers" in problem.extra:
        return _unavailable(problem)
    for (code, fact), text in WITH_FACTS.items():
        if code == problem.code and problem.extra.get(fact) is not None:
            return str(text) % {name: _fact(value) for name, value in problem.extra.items()}
    if problem.code in EXPLANATIONS:
        return str(EXPLANATIONS[problem.code])
    if "holdings" in problem.extra:
        return " ".join(str(_about(each)) % each for each in problem.extra["holdings"])
    fields = [f"{each['field']}: {explain_field(each['message'])}" for each in problem.errors]
    return " ".join(fields) or translated(problem.detail)


def _about(holding: Mapping[str, Any]) -> Any:
    """The sentence for a holding that prevents an order."""
    if "expected" in holding:
        return HELD_ANOTHER
    return NOT_HELD_OF_REVISION if holding.get("revision") else NOT_HELD


def _unavailable(problem: Problem) -> str:
    """Which numbers cannot be had, and why; of a port, only whether an inventory has them."""
    numbers = problem.extra["numbers"]
    if "No number was ported in." in problem.detail:
        return str(NOT_PORTED) % {"numbers": _fact(numbers)}
    named = []
    for each in numbers[:MOST_NAMED]:
        waits = "port_request_id" in each
        why = str(WAITING) % each if waits else WHY_NOT.get(each.get("status", ""))
        named.append(f"{each['e164']} ({why})" if why else str(each["e164"]))
    more = " …" if len(numbers) > MOST_NAMED else ""
    text = str(NOT_AVAILABLE) % {"numbers": ", ".join(named) + more}
    return f"{text} {END_WAITING}" if any("port_request_id" in each for each in numbers) else text


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
    "%(name)s: %(granted)s ordered, %(used)s in use. To remove %(requested)s, release "
    "%(missing)s first."
)

TOO_MANY = _(
    "%(sku)s: %(granted)s ordered. Adding %(requested)s would exceed the limit by %(missing)s."
)


def explain_refusal(refusal: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """One SKU or product of a refusal, with its numbers and what would make the order succeed."""
    if "product_code" in refusal:
        return explain_rule(refusal)
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
        "%(sku)s: %(granted)s ordered, %(used)s in use, %(requested)s requested; "
        "%(missing)s is missing.",
        "%(sku)s: %(granted)s ordered, %(used)s in use, %(requested)s requested; "
        "%(missing)s are missing.",
        missing,
    )
