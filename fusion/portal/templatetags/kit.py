"""The page kit: the components of pages. See `docs/portal.md`.

Loaded in every template; each tag's template is in `templates/portal/kit/`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import lucide
from django import forms, template
from django.http import QueryDict
from django.template.context import Context
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from fusion.catalogue.metrics import is_live, metric_of
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import Problem, problem_of
from fusion.portal.charts import Line, line_chart, sparkline_points
from fusion.portal.errors import explain_refusal, sentences, title_of
from fusion.portal.refusals import translated
from fusion.portal.skus import sku_names
from fusion.portal.usage import Usage, usage_of

register = template.Library()
register.filter("metric", metric_of)
register.filter("is_live", is_live)
register.filter("sentence", translated)


@register.simple_tag
def icon(name: str, size: int = 18, label: str = "") -> SafeString:
    """A Lucide icon by name. Decoration only, unless a `label` gives its meaning."""
    drawn: SafeString = _draw(str(name), int(size), str(label))
    return drawn


@lru_cache(maxsize=1_000)
def _draw(name: str, size: int, label: str) -> SafeString:
    said = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    drawn = lucide._render_icon(name, size, **{"class": "icon", **said})
    return mark_safe(drawn)  # noqa: S308 - the package escapes attributes


OF_A_PAGE = (
    "before",
    "calls",
    "children",
    "cursor",
    "full",
    "invitations",
    "kinds",
    "numbers",
    "once",
)
"""Parameters of a page that do not filter its list."""


@register.inclusion_tag("portal/kit/downloads.html", takes_context=True)
def downloads(context: Context, name: str, *ids: Any, label: str = "") -> dict[str, str]:
    """The links to a list as files: all of its pages, with the filters of the shown one.

    `name` is that of the URL with a format, `ids` are in its path before it. A `label` names
    another list than the shown one; the filters are not those of that list.
    """
    query = QueryDict(mutable=True) if label else context["request"].GET.copy()
    for parameter in OF_A_PAGE:
        query.pop(parameter, None)
    files = {format: reverse(name, args=[*ids, format]) for format in ("xlsx", "csv")}
    return {**files, "query": query.urlencode(), "label": label}


@register.inclusion_tag("portal/kit/usage.html")
def usage(
    used: int | None, granted: int, *, label: str = "", compact: bool = False
) -> dict[str, Any]:
    """The used share of the ordered quantity: a bar, and a word from 80 % on."""
    return {"usage": usage_of(used, granted), "label": label, "compact": compact}


@register.filter(name="usage")
def usage_filter(balance: Mapping[str, Any]) -> Usage:
    """The usage of a balance from the read models."""
    return usage_of(balance["used"], balance["granted"])


BADGES: Mapping[str, tuple[str, str, Any]] = {
    "active": ("", "", _("Active")),
    "suspended": ("near", "circle-pause", _("Suspended")),
    "terminated": ("quiet", "circle-x", _("Terminated")),
    "retired": ("quiet", "archive", _("Retired")),
    "scheduled": ("near", "clock", _("Scheduled")),
    "completed": ("good", "check", _("Completed")),
    "failed": ("full", "circle-x", _("Failed")),
    "cancelled": ("quiet", "ban", _("Cancelled")),
    "open": ("near", "clock", _("Open")),
    "pending": ("near", "clock", _("Pending")),
    "approved": ("good", "check", _("Approved")),
    "rejected": ("full", "circle-x", _("Rejected")),
    "withdrawn": ("quiet", "ban", _("Withdrawn")),
    "free": ("", "", _("Free")),
    "reserved": ("near", "clock", _("Reserved")),
    "assigned": ("good", "check", _("Assigned")),
    "queued": ("near", "clock", _("Waiting")),
    "running": ("near", "loader", _("Running")),
    "finished": ("good", "check", _("Finished")),
    "quarantined": ("quiet", "shield", _("Quarantined")),
    "ported_out": ("quiet", "phone-outgoing", _("Ported out")),
}
"""State → style, icon and word. Colour alone never shows a state."""


@register.inclusion_tag("portal/kit/badge.html")
def badge(state: str) -> dict[str, Any]:
    """A state as a styled word."""
    style, drawn, word = BADGES.get(state, ("", "", state))
    return {"style": style, "icon": drawn, "word": word}


@register.filter
def state_word(state: str) -> Any:
    """A state in the reader's language."""
    return BADGES.get(state, ("", "", state))[2]


@register.filter
def is_refused(form: Any) -> bool:
    """Whether the page's form was sent and has errors; False for a page without a form."""
    if not isinstance(form, forms.BaseForm):
        return False
    return bool(getattr(form, "has_errors", form.is_bound and form.errors))


@register.inclusion_tag("portal/kit/errors.html", takes_context=True)
def errors(context: Context, form: forms.BaseForm, doing: str = "") -> dict[str, Any]:
    """The summary of a form's errors, focused, linked to the fields.

    `doing` is its heading, such as "The order was refused".
    """
    problem = getattr(form, "problem", None)
    rows = getattr(form, "rows", None)
    return {
        "form": form,
        "shown": is_refused(form),
        "rows": rows if rows is not None and rows.is_bound else None,
        "heading": doing or (title_of(problem) if problem and not problem.errors else ""),
        "refusals": _refusals(context, problem) if problem else [],
    }


def _refusals(context: Context, problem: Problem) -> list[str]:
    person = context.get("person")
    names = sku_names(person.actor) if problem.refusals and person and person.actor else {}
    return [explain_refusal(each, names) for each in problem.refusals]


@register.inclusion_tag("portal/kit/secrets.html", takes_context=True)
def keys(context: Context, form: Any = None) -> dict[str, Any]:
    """The hidden fields of every form that changes something: the CSRF token, its one-time key, and
    the membership that it is shown to.
    """
    person = context.get("person")
    return {
        "csrf_token": context.get("csrf_token"),
        "once": getattr(form, "once", None),
        "member": person.member if person else None,
    }


@register.inclusion_tag("portal/kit/empty.html")
def empty(
    reason: str, *, hint: str = "", href: str = "", action: str = "", icon: str = "inbox"
) -> dict[str, Any]:
    """Shown instead of an empty list: one reason, and one button if something can be done."""
    return {"reason": reason, "hint": hint, "href": href, "action": action, "icon": icon}


@register.inclusion_tag("portal/kit/more.html", takes_context=True)
def more(context: Context, cursor: str | None, columns: int) -> dict[str, Any]:
    """The last row of a table that continues: loads the next page in place; a link without
    JavaScript.
    """
    query = context["request"].GET.copy()
    query["cursor"] = cursor or ""
    return {"cursor": cursor, "columns": columns, "href": f"?{query.urlencode()}"}


@register.inclusion_tag("portal/kit/line.html")
def line(points: Sequence[Mapping[str, Any]], *, label: str) -> dict[str, Any]:
    """A chart of ordered and used quantities over time: points `{at, granted, used}`, oldest first;
    None is a gap.
    """
    chart: Line | None = line_chart(points)
    return {"chart": chart, "label": label}


@register.inclusion_tag("portal/kit/sparkline.html")
def sparkline(values: Sequence[int | None], *, label: str) -> dict[str, Any]:
    """A small line without axes, beside a number; None is a gap."""
    return {"stretches": sparkline_points(values), "label": label}


@register.filter
def lookup(mapping: Mapping[str, Any], name: str) -> Any:
    """`mapping[name]`, or an empty text."""
    return mapping.get(name)


@register.filter
def isolated(text: Any) -> SafeString:
    """The text in its own direction, so that one from right to left does not reorder the sentence
    around it."""
    return format_html("<bdi>{}</bdi>", text)


KIND_WORDS: Mapping[str, Any] = {
    "group": _("Group"),
    "distributor": _("Distributor"),
    "reseller": _("Reseller"),
    "tenant": _("Customer"),
}

ROLE_WORDS: Mapping[str, Any] = {
    "administrator": _("Administrator"),
    "agent": _("Agent"),
    "viewer": _("Viewer"),
}


@register.filter
def kind(name: str) -> Any:
    """A kind of organization in the reader's language."""
    return KIND_WORDS.get(name, name)


@register.filter
def role(name: str) -> Any:
    """A role in the reader's language."""
    return ROLE_WORDS.get(name, name)


ORDER_WORDS: Mapping[str, Any] = {
    "change": pgettext_lazy("a kind of order", "Change"),
    "reversal": pgettext_lazy("a kind of order", "Reversal"),
    "expiry": pgettext_lazy("a kind of order", "Expiry"),
    "suspension": _("Suspension"),
    "resumption": _("Resumption"),
    "termination": _("Termination"),
}
"""All kinds of orders."""

REASON_WORDS: Mapping[str, Any] = {
    "non_payment": _("Non-payment"),
    "customer": _("At the customer's request"),
    "fraud": _("Fraud"),
    "migration": _("Migration"),
    "other": _("Other reason"),
}
"""Reasons why a subscription is suspended, resumed or terminated."""


@register.filter
def order_kind(name: str) -> Any:
    """A kind of order in the reader's language."""
    return ORDER_WORDS.get(name, name)


@register.filter
def reason(name: str | None) -> Any:
    """A reason in the reader's language; a dash for none."""
    return REASON_WORDS.get(name, name) if name else "–"


@register.filter
def sign(action: str) -> str:
    """The sign before the quantity of a line."""
    return {"add": "+", "remove": "−", "set": "="}[action]


WARNINGS: Mapping[str, Any] = {
    "cancelled-by-termination": _(
        "Order %(number)s terminates the subscription before that date and will cancel "
        "this order. To prevent that, cancel order %(number)s."
    ),
    "cancels-orders": _("This termination will cancel these later orders: %(orders)s."),
    "late": _("The order took effect later than planned."),
    "pending-orders": _(
        "Scheduled orders also change these products. They were not counted: %(named)s."
    ),
}
"""Code → text of an order's warning."""


@register.filter
def warning(entry: Mapping[str, Any]) -> str:
    """A warning of an order in the reader's language."""
    text = WARNINGS.get(entry["code"])
    if text is None:
        return " ".join(sentences(problem_of(entry), {}))
    if entry["code"] != "pending-orders":
        return str(text) % entry
    named = [
        gettext("order %(number)s on %(at)s")
        % {
            "number": order["number"],
            "at": date_format(localtime(read_instant(order["effective_at"])), "DATETIME_FORMAT"),
        }
        for order in entry["orders"]
    ]
    return str(text) % {"named": ", ".join(named)}


BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def browser(user_agent: str) -> str:
    """A user agent as people call the browser; an unknown one unchanged."""
    name = next((name for mark, name in BROWSERS if mark in user_agent), "")
    if not name and "Safari/" in user_agent:
        name = "Safari"
    system = next((system for mark, system in SYSTEMS if mark in user_agent), "")
    return " · ".join(filter(None, (name, system))) or user_agent[:60] or "–"
