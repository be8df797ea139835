"""Moving an organization under another parent, and a subscription to another customer.

First the new place is chosen; then its page shows the effect, with the button that moves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import TENANT, Actor
from fusion.access.permissions import MOVE
from fusion.access.use_case import Answer
from fusion.kernel.errors import not_found, problem_of
from fusion.kernel.ids import parse_id
from fusion.lifecycle.move import move_subscription
from fusion.lifecycle.move_places import list_places
from fusion.lifecycle.move_plan import preview_organization_move, preview_subscription_move
from fusion.lifecycle.submit_move import move_or_submit
from fusion.portal.errors import explain
from fusion.portal.page import FORM, form_of, page, submit
from fusion.portal.query_params import query_params
from fusion.portal.responses import done, show, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.shown import ShownForm
from fusion.portal.subscriptions.frame import tenant_of
from fusion.portal.templatetags.kit import KIND_WORDS
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import find_organization, find_subscription
from fusion.tenancy.rules import MOVABLE, PARENTS
from fusion.tenancy.search import is_long_enough
from fusion.tenancy.tree import list_above

SHOWN = 10
"""Most organizations below the search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What can be moved: where it is now, the kinds of organization that may have it, and the page
    to return to. `preview` and `run` take the actor and the id of the new place.
    """

    moved: Organization | Subscription
    present: Organization
    kinds: Sequence[str]
    detail: str
    preview: Callable[[Actor, UUID], dict[str, Any]]
    run: Callable[[Actor, UUID], Answer]

    @property
    def context(self) -> dict[str, Any]:
        """For both templates."""
        moved = self.moved
        return {
            "moved": moved,
            "present": self.present,
            "detail": self.detail,
            "of_subscription": isinstance(moved, Subscription),
            "terminated": isinstance(moved, Subscription) and moved.status == "terminated",
        }


class MoveForm(ShownForm):
    """The button that moves."""

    changed = _(
        "The effect of this move has changed since you saw the preview. Check the new preview "
        "below, then move again."
    )


def find_movable(actor: Actor, id: UUID) -> Organization:
    """The organization; Problem `not-found` unless `actor` sees it and its kind can move."""
    organization = find_organization(actor, id)
    if organization.kind not in MOVABLE:
        raise not_found("organization")
    return organization


@page(MOVE, methods=FORM, organization_id=find_movable)
def organization(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET` and `POST /customers/<id>/move`; `?parent=` is the chosen parent."""
    id = organization.id
    return _move(
        request,
        Move(
            moved=organization,
            present=list_above(request.actor, organization.path)[-1],
            kinds=PARENTS[organization.kind],
            detail="organizations-detail",
            preview=lambda actor, to: preview_organization_move(
                actor, organization_id=id, parent_id=to
            ),
            run=lambda actor, to: move_or_submit(actor, organization_id=id, parent_id=to),
        ),
    )


@page(MOVE, methods=FORM, subscription_id=find_subscription)
def subscription(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET` and `POST /subscriptions/<id>/move`; `?parent=` is the chosen customer."""
    id = subscription.id
    return _move(
        request,
        Move(
            moved=subscription,
            present=tenant_of(request, subscription),
            kinds=(TENANT,),
            detail="subscriptions-detail",
            preview=lambda actor, to: preview_subscription_move(
                actor, subscription_id=id, tenant_id=to
            ),
            run=lambda actor, to: move_subscription(actor, subscription_id=id, tenant_id=to),
        ),
    )


def _move(request: PageRequest, move: Move) -> HttpResponse:
    params = query_params(request, "parent")
    if not params["parent"]:
        wrong = gettext("Choose where to move it.") if request.method == "POST" else ""
        return _choose(request, move, wrong)
    parent_id = parse_id(params["parent"])
    if parent_id is None:
        raise not_found("organization")
    parent = find_organization(request.actor, parent_id)
    if parent.kind not in move.kinds:
        text = gettext("%(name)s cannot be chosen (%(kind)s). Choose one from the list.")
        return _choose(request, move, text % {"name": parent.name, "kind": KIND_WORDS[parent.kind]})
    return _confirm(request, move, parent)


def _choose(request: PageRequest, move: Move, wrong: str) -> HttpResponse:
    """The page that searches for the new place; `wrong` says why a choice was refused."""
    text = query_params(request, "q")["q"]
    rows = list_places(request.actor, move.kinds, text, limit=SHOWN + 1)
    context = {
        **move.context,
        "q": text,
        "short": bool(text) and not is_long_enough(text),
        "rows": rows[:SHOWN],
        "more": len(rows) > SHOWN,
        "others": [row for row in rows if row["id"] != move.present.id],
        "wrong": wrong,
    }
    status = 422 if wrong else 200
    return show(request, "portal/moves/choose.html", context, parts=("found",), status=status)


def _confirm(request: PageRequest, move: Move, parent: Organization) -> HttpResponse:
    """The page with the preview, and the move itself."""
    is_there = move.present.id == parent.id
    effect = move.preview(request.actor, parent.id)
    form = form_of(request, MoveForm)
    form.expect(effect, is_done=is_there)
    answer = submit(request, form, lambda actor: move.run(actor, parent.id))
    if answer is None:
        context = {
            **move.context,
            "parent": parent,
            "is_there": is_there,
            "effect": effect,
            "refusals": [explain(problem_of(each)) for each in effect["refusals"]],
        }
        return show_form(request, "portal/moves/confirm.html", form, context)
    if answer.status == 202:
        message = gettext("It was accepted and is being carried out.")
        ids = (move.moved.id, answer.body["id"])
        return done(request, message, "organizations-job", *ids, answer=answer)
    said = gettext("%(name)s was moved to %(parent)s.")
    if is_there:
        said = gettext("%(name)s was already at %(parent)s. Nothing was changed.")
    message = said % {"name": move.moved.name, "parent": parent.name}
    return done(request, message, move.detail, move.moved.id, answer=answer)
