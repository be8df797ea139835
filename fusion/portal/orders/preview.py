"""The effect of an order before it is placed; for a refusal, what to release first."""

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError

from fusion.access.actor import Actor
from fusion.catalogue.models import NUMBER, Sku
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import Problem, problem_of
from fusion.ledger.queries import balances_now
from fusion.numbers.queries import Wanted, list_numbers
from fusion.ordering.place import Draft, Line
from fusion.ordering.preview import preview_order
from fusion.portal.errors import explain, explain_refusal, sentences
from fusion.portal.forms import EDIT_ROWS
from fusion.portal.orders.lines import LinesForm
from fusion.portal.pending import with_words
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import product_names
from fusion.portal.templatetags.kit import WARNINGS, warning
from fusion.users.queries import list_users

EXAMPLES = 5
"""Most users or numbers that a refusal lists; it links to the complete list."""


def preview_lines(
    request: PageRequest, form: LinesForm, subscription_id: UUID
) -> dict[str, Any] | None:
    """The preview of the lines of a form, at first of its initial ones; None without lines."""
    effective_at = ends_at = None
    if form.is_bound:
        lines = form.lines() if form.rows.is_valid() else ()
        effective_at, ends_at = _date(form, "effective_at"), _date(form, "ends_at")
    else:
        values = () if EDIT_ROWS in request.POST else form.row_values
        lines = tuple(
            Line(UUID(each["product"]), each["quantity"], each["action"]) for each in values
        )
    draft = Draft(subscription_id, lines, effective_at=effective_at, ends_at=ends_at)
    return preview_draft(request.actor, draft) if lines else None


def _date(form: LinesForm, name: str) -> datetime | None:
    """A date of a bound form of an order; None without one, or while it is not right."""
    field = form.fields.get(name)
    try:
        return field.clean(form[name].data) if field else None
    except ValidationError:
        return None


def preview_draft(actor: Actor, draft: Draft) -> dict[str, Any]:
    """{allowed, balances, holdings, warnings, refusals} with names of SKUs and products; each
    refusal in words, and what to release.

    `problem` is the reason if the order cannot be judged. Where something is scheduled, also
    `has_pending` and the `pending` changes of the balances. With a date that is not past, all of
    it is that of the date, unless something before it makes that uncertain; `when_due` has what
    comes before it, and `at` the date.
    """
    try:
        effect = preview_order(actor, draft=draft).body
    except Problem as problem:
        if problem.status in (403, 404):
            raise
        return {"allowed": False, "problem": explain(problem), "balances": [], "refusals": []}
    if effect["when_due"] is not None:
        effect = _on_its_date(effect)
        effect["at"] = draft.effective_at
    skus = _skus(actor, effect)
    for balance in effect["balances"]:
        sku = skus[balance["sku"]]
        balance["name"], balance["metric"] = sku.name, sku.metric
        balance["delta"] = balance["granted_after"] - balance["granted_before"]
    if any("granted_after_pending" in balance for balance in effect["balances"]):
        effect["has_pending"] = True
        effect["pending"] = _pending(actor, draft, skus)
    names = product_names(actor, effect["holdings"])
    for holding in effect["holdings"]:
        # Below the group a retired product is not visible.
        holding["name"] = names.get(holding["product_id"], holding["product_code"])
    effect["refusals"] = _explained(actor, draft, effect["refusals"], skus)
    return dict(effect)


def _on_its_date(effect: Mapping[str, Any]) -> dict[str, Any]:
    """The preview with what holds on its date, if that is known."""
    due = effect["when_due"]
    uncertain = due["unknown_from"]
    if uncertain is not None:
        return {**effect, "uncertain": {**uncertain, "at": read_instant(uncertain["effective_at"])}}
    name = "granted_after_pending"
    finally_ = {each["sku"]: {name: each[name]} for each in effect["balances"] if name in each}
    balances = [{**each, **finally_.get(each["sku"], {})} for each in due["balances"]]
    # What is scheduled before it is counted.
    warnings = [each for each in effect["warnings"] if each["code"] != "pending-orders"]
    return {**effect, **due, "balances": balances, "warnings": warnings, "when_due": due}


def _pending(actor: Actor, draft: Draft, skus: Mapping[str, Sku]) -> list[dict[str, Any]]:
    """What scheduled orders change in the balances of the preview, by date."""
    found = [
        {**change, "name": skus[balance["sku"]].name}
        for balance in balances_now(actor, draft.subscription_id)
        if balance["sku"] in skus
        for change in with_words(balance["pending"])
    ]
    return sorted(found, key=itemgetter("at", "number", "name"))


def _skus(actor: Actor, effect: Mapping[str, Any]) -> dict[str, Sku]:
    codes = {each["sku"] for each in (*effect["balances"], *effect["refusals"]) if "sku" in each}
    return {sku.code: sku for sku in Sku.objects.visible_to(actor).filter(code__in=codes)}


def _explained(
    actor: Actor, draft: Draft, refusals: list[dict[str, Any]], skus: Mapping[str, Sku]
) -> list[dict[str, Any]]:
    """The refusals in words (`text`) and, if more is in use, some of the users or numbers."""
    names = {code: sku.name for code, sku in skus.items()}
    return [
        {
            **refusal,
            "text": " ".join(_words(refusal, names)),
            "metric": skus[refusal["sku"]].metric if refusal.get("sku") in skus else "",
            "holders": _holders(actor, draft, refusal, skus),
        }
        for refusal in refusals
    ]


def _words(refusal: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """The sentence for the refusal of one SKU or product, or else the single reason."""
    if refusal["code"] in WARNINGS:
        return [warning(refusal)]
    if "sku" in refusal or "product_code" in refusal:
        return [explain_refusal(refusal, names)]
    return sentences(problem_of(refusal), names)


def _holders(
    actor: Actor, draft: Draft, refusal: Mapping[str, Any], skus: Mapping[str, Sku]
) -> list[dict[str, Any]]:
    if refusal["code"] != "below-use":
        return []
    metric = skus[refusal["sku"]].metric
    if metric == "user":
        text = list_users(draft.subscription_id, limit=EXAMPLES, linked=True)
    elif metric != NUMBER:
        return []
    else:
        wanted = Wanted(
            sku=refusal["sku"], status="assigned", subscription_id=draft.subscription_id
        )
        text = list_numbers(actor, wanted, limit=EXAMPLES)
    items: list[dict[str, Any]] = orjson.loads(text)["items"]
    return items
