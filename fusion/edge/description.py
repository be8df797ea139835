"""Serving the OpenAPI document: built once per process, compressed, with an ETag."""

import gzip
import hashlib
import json
from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe
from ninja.responses import NinjaJSONEncoder

from fusion.api import api
from fusion.kernel.http import accepts_gzip

_lock = Lock()


def _etag(request: HttpRequest, *_: Any) -> str:
    return _document()[2]


@require_safe
@condition(etag_func=_etag)
def openapi(request: HttpRequest) -> HttpResponse:
    """The document, or 304 if the client's copy is current."""
    text, packed, _ = _document()
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        text = packed
    headers["Content-Length"] = str(len(text))
    return HttpResponse(text, "application/json", headers=headers)


def _document() -> tuple[bytes, bytes, str]:
    with _lock:  # the first requests wait for one of them to build it
        return _build()


@cache
def _build() -> tuple[bytes, bytes, str]:
    """As JSON, compressed, and the weak ETag of both."""
    described = api.get_openapi_schema(path_prefix="/api/v1/")
    text = json.dumps(described, cls=NinjaJSONEncoder, separators=(",", ":")).encode()
    return text, gzip.compress(text, 9, mtime=0), f'W/"{hashlib.sha256(text).hexdigest()[:32]}"'
