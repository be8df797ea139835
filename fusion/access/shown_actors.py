"""What the API shows of actors outside the reader's subtree: the kind of their organization.

Documents name actors by labels such as `member:<id>`, which stay the same as long as the actor
exists. Readers below the group get `group`, `distributor` or `reseller` instead of a label that
belongs to an organization above or beside theirs. All routes of the API do this at one place, so
that none is missed; files, whose pages are read later, do it page by page.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router

from fusion.access.actor import GROUP, Actor
from fusion.access.actor_names import known_actors
from fusion.access.http_auth import actor_of
from fusion.kernel.sheets.send import ListPage

LABEL = re.compile(r"(?:member|client):[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def show_actors(actor: Actor, text: str) -> str:
    """The text, with the kinds of their organizations instead of the labels of actors outside."""
    if actor.kind == GROUP or not (labels := set(LABEL.findall(text))):
        return text
    outside = {
        label: known.outside
        for label, known in known_actors(actor, labels).items()
        if known.outside
    }
    return LABEL.sub(lambda found: outside.get(found[0], found[0]), text) if outside else text


def with_shown_actors(router: Router) -> None:
    """Let all routes of `router` show actors as their reader may see them."""
    for view in router.path_operations.values():
        for operation in view.operations:
            operation.view_func = _showing(operation.view_func)


def _showing(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(response, HttpResponse):
            text = response.content.decode()
            shown = show_actors(actor_of(request), text)
            if shown is not text:
                response.content = shown.encode()
                response.headers["Content-Length"] = str(len(response.content))
        return response

    return answer


def pages_with_shown_actors(actor: Actor, list_page: ListPage) -> ListPage:
    """The pages of a list for a file, likewise."""
    if actor.kind == GROUP:
        return list_page

    def shown(*, limit: int, cursor: str | None) -> str | Mapping[str, Any]:
        page = list_page(limit=limit, cursor=cursor)
        text = page if isinstance(page, str) else orjson.dumps(page, default=str).decode()
        return show_actors(actor, text)

    return shown
