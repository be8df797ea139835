"""The WSGI application in front of Django: it answers hot requests of the usual form.

Everything else passes on to Django unread: other routes, unusual headers, invalid bodies, callers
whose token or permission does not suffice. Both give the same answers, to the byte, because the
same functions make them.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any

from pydantic import ValidationError

from fusion.access import http_auth
from fusion.access.audit import traced_by
from fusion.access.hot_route import HotRequest, HotRoute
from fusion.access.http_auth import FORM_OR_RATE
from fusion.edge import metrics
from fusion.edge.middleware import begin, end, record
from fusion.hot import alive
from fusion.hot.callers import Callers
from fusion.hot.database import AGAIN, Call, Outcome, make_alone, make_together
from fusion.hot.form import Environ, body_of, has_usual_form, key_of
from fusion.hot.reply import Reply, reply_of, reply_to_fault
from fusion.hot.sharing import SharedTransactions
from fusion.kernel.errors import Problem
from fusion.kernel.strict import has_body

Start = Callable[..., Any]
Application = Callable[[Environ, Start], Iterable[bytes]]

BEARER = re.compile("[Bb]earer ([A-Za-z0-9._~+/=-]{1,512})")

LEFT_TO_DJANGO = frozenset((AGAIN, *FORM_OR_RATE))
"""Statuses of calls that changed nothing, whose answer depends on more than the call."""

LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

OVERRIDE = "HTTP_X_HTTP_METHOD_OVERRIDE"


class HotApplication:
    """Answers the requests of `routes` that it understands, and passes the others on."""

    def __init__(self, application: Application, routes: Sequence[HotRoute]) -> None:
        self.application = application
        self.callers = Callers()
        self._shared: dict[tuple[HotRoute, Any], SharedTransactions[Call]] = {}
        self._routes: dict[tuple[str, str | None], list[HotRoute]] = {}
        for route in routes:
            self._routes.setdefault((route.method, route.instead_of), []).append(route)

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        """Answer one request."""
        reply = self.answer(environ)
        if reply is None:
            return self.application(environ, start_response)
        start_response(LINES[reply.status], reply.headers)
        return [reply.body]

    def answer(self, environ: Environ) -> Reply | None:
        """The answer; None if the described route must answer."""
        if environ["PATH_INFO"] == alive.PATH:
            return alive.alive(environ)
        routes = self._routes.get((environ["REQUEST_METHOD"], environ.get(OVERRIDE)))
        if routes is None or not has_usual_form(environ):
            return None
        for route in routes:
            found = route.pattern.fullmatch(environ["PATH_INFO"])
            if found is not None:
                return self._answer(environ, route, found.groupdict())
        return None

    def _answer(
        self, environ: Environ, route: HotRoute, parameters: dict[str, str]
    ) -> Reply | None:
        started = perf_counter()
        bearer = BEARER.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
        if bearer is None:
            return None
        request_id = begin(environ)
        try:
            request = _request_of(environ, route, parameters, request_id)
            if request is None:
                return None
            call = _call_of(route, request, bearer[1])
            if call is None or not self._is_admitted(call):
                return None
            try:
                outcome = self._make(call)
            except Exception:
                reply, actor = reply_to_fault(environ, request_id), None
            else:
                if outcome is None or outcome.status in LEFT_TO_DJANGO:
                    return None
                reply = reply_of(route, request, outcome, request_id)
                actor = f"client:{outcome.client}"
            record(
                reply.status,
                reply.code,
                method=request.method,
                route=route.label,
                actor=actor,
                seconds=perf_counter() - started,
            )
            return reply
        finally:
            end()

    def _is_admitted(self, call: Call) -> bool:
        """Whether the client's rate admits the call; False leaves the refusal to Django."""
        rate = http_auth.requests_per_client
        if not rate.per_minute:
            return True
        caller = self.callers.get(call.checksum)
        if caller is None:
            return False
        try:
            rate.admit(f"client:{caller.client}")
        except Problem:
            return False
        return True

    def _make(self, call: Call) -> Outcome | None:
        caller = self.callers.get(call.checksum)
        if caller is None or call.route.try_lock is None or not call.route.may_share(call.members):
            outcome = make_alone(call)
        else:
            outcome = self._sharing(call.route, caller.group).make(call, call.names)
        if outcome is not None and caller is None:
            self.callers.remember(call.checksum, outcome)
        return outcome

    def _sharing(self, route: HotRoute, group: Any) -> SharedTransactions[Call]:
        sharing = self._shared.get((route, group))
        if sharing is None:
            observe = partial(metrics.count_shared, route.label)
            made = SharedTransactions[Call](make_alone, partial(make_together, group), observe)
            sharing = self._shared.setdefault((route, group), made)
        return sharing


def _request_of(
    environ: Environ, route: HotRoute, parameters: dict[str, str], request_id: str
) -> HotRequest | None:
    if has_body(environ) is not route.has_body:
        return None
    try:
        body = body_of(environ) if route.has_body else None
        key = key_of(environ) if route.takes_key else None
    except Problem:
        return None
    return HotRequest(
        route.method, environ["PATH_INFO"], parameters, body, key, traced_by(request_id)
    )


def _call_of(route: HotRoute, request: HotRequest, token: str) -> Call | None:
    try:
        members = route.read(request)
    except (ValidationError, Problem):
        return None
    if members is None:
        return None
    return Call(
        route=route,
        members={**request.caller(), **members} if route.is_audited else members,
        checksum=hashlib.sha256(token.encode()).hexdigest(),
        is_repeatable=route.is_repeatable or request.key is not None,
        names=route.names(request.key, members),
    )
