"""From Granian's request scope to a WSGI environment (PEP 3333)."""

import sys
from functools import lru_cache
from io import BytesIO
from typing import Any

Environ = dict[str, Any]

BASE: Environ = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}


JOINTS = {"HTTP_COOKIE": ";", "HTTP_IDEMPOTENCY_KEY": "\n"}
"""What joins the values of a repeated header; a comma joins those of all others. A key may contain
commas, so a newline shows that there were two."""


def environ_of(scope: Any) -> Environ:
    """The environment of the request that `scope` describes, with an empty body.

    A repeated header has its values joined; one that is not ASCII is empty, and so is a media type
    with an encoded parameter. A header with an underscore in its name is dropped: it would be
    indistinguishable from the header with a hyphen, which a trusted proxy may have set.
    """
    environ = BASE.copy()
    path = scope.path
    environ["REQUEST_METHOD"] = scope.method
    environ["PATH_INFO"] = path if path.isascii() else path.encode().decode("latin-1")
    environ["QUERY_STRING"] = scope.query_string
    environ["REMOTE_ADDR"] = scope.client.rpartition(":")[0].strip("[]")
    name, _, environ["SERVER_PORT"] = scope.server.rpartition(":")
    environ["SERVER_NAME"] = name.strip("[]")
    version = scope.http_version
    environ["SERVER_PROTOCOL"] = "HTTP/1.0" if version == "1" else f"HTTP/{version}"
    environ["wsgi.url_scheme"] = scope.scheme
    environ["wsgi.input"] = BytesIO()
    headers, names = scope.headers.items(), scope.headers.keys()
    if len(dict(headers)) < len(names):  # Granian drops values that are not ASCII
        present = dict(headers)
        headers += [(name, "") for name in names if name not in present]
    for header, value in headers:
        key = _key(header)
        if key in environ:
            environ[key] = f"{environ[key]}{JOINTS.get(key, ',')}{value}"
        elif key:
            environ[key] = value
    if "*" in environ.get("CONTENT_TYPE", ""):
        # Django fails on `charset*=nonsense''x` (RFC 2231) before any of our code runs.
        environ["CONTENT_TYPE"] = ""
    return environ


@lru_cache(512)
def _key(header: str) -> str:
    if "_" in header:
        return ""
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
