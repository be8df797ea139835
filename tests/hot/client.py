"""Django's test client with the hot application in front of Django, as in a server."""

from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.http import HttpResponse
from django.http.response import ResponseHeaders
from django.test import Client
from django.test.client import ClientHandler

from fusion.hot import database
from fusion.hot.application import HotApplication
from fusion.hot.routes import ROUTES


def never(*_: Any) -> Any:
    """Not called."""
    raise AssertionError("the test client passes requests on itself")


def _connection_of_the_thread() -> Any:
    connection.ensure_connection()
    return connection.connection


# Like Django's views in tests, the hot application uses the connection of the thread: it sees the
# test's open transaction and the test's clock.
database.borrow = _connection_of_the_thread
database.give_back = lambda held: None

APPLICATION = HotApplication(never, ROUTES)
"""One for all threads, as in a server process."""


def _whole(response: Any) -> Any:
    """The response, whose length must be the declared one: a server would cut it off, or wait."""
    declared = response.headers.get("Content-Length")
    sent = response.wsgi_request.method != "HEAD" and not response.streaming
    if declared is not None and sent:
        assert declared == str(len(response.content))
    return response


class HotHandler(ClientHandler):
    """Answers what the hot application answers, and leaves the rest to Django."""

    def __call__(self, environ: dict[str, Any]) -> Any:
        """The response of one request."""
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(body)
        reply = APPLICATION.answer(environ)
        if reply is None:
            return _whole(super().__call__(environ))
        response = HttpResponse(reply.body, status=reply.status)
        response.headers = ResponseHeaders(dict(reply.headers))
        response.wsgi_request = WSGIRequest(environ)  # type: ignore[attr-defined]
        return response


class HotClient(Client):
    """A client whose requests name their host, as those of most clients do."""

    def __init__(self) -> None:
        super().__init__(headers={"host": "testserver"})
        self.handler = HotHandler(enforce_csrf_checks=False)
