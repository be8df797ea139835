"""Django's test client with the hot door in front, like a server."""

from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.http import HttpResponse
from django.http.response import ResponseHeaders
from django.test import Client
from django.test.client import ClientHandler

from fusion.hot import database
from fusion.hot.door import Door
from fusion.hot.routes import ROUTES


def never(*_: Any) -> Any:
    """Not called."""
    raise AssertionError("the test client passes requests on itself")


def _connection_of_the_thread() -> Any:
    connection.ensure_connection()
    return connection.connection


# Like a view of Django here, the door uses the connection of the thread: it sees the test's open
# transaction and the test's clock.
database.borrow = _connection_of_the_thread
database.give_back = lambda held: None

DOOR = Door(never, ROUTES)
"""One for all threads, as in a server process."""


class DoorHandler(ClientHandler):
    """Answers what the door answers, and leaves the rest to Django."""

    def __call__(self, environ: dict[str, Any]) -> Any:
        """The response of one request."""
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(body)
        reply = DOOR.answer(environ)
        if reply is None:
            return super().__call__(environ)
        response = HttpResponse(reply.body, status=reply.status)
        response.headers = ResponseHeaders(dict(reply.headers))
        response.wsgi_request = WSGIRequest(environ)  # type: ignore[attr-defined]
        return response


class HotClient(Client):
    """A client whose requests name their host, as those of most clients do."""

    def __init__(self) -> None:
        super().__init__(headers={"host": "testserver"})
        self.handler = DoorHandler(enforce_csrf_checks=False)
