"""Serving the OpenAPI document: built once per process, compressed, with an ETag."""

import gzip
import hashlib
import json
from collections.abc import Callable
from functools import cache
from threading import Lock

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe
from ninja import NinjaAPI
from ninja.responses import NinjaJSONEncoder

from fusion.kernel.http import accepts_gzip

_lock = Lock()


def openapi_view(api: NinjaAPI) -> Callable[..., HttpResponse]:
    """The view of the document of `api`; it answers 304 if the client's copy is current."""

    @require_safe
    @condition(etag_func=lambda request: openapi_document(api)[2])
    def openapi(request: HttpRequest) -> HttpResponse:
        text, packed, _ = openapi_document(api)
        headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if accepts_gzip(request):
            headers["Content-Encoding"] = "gzip"
            text = packed
        headers["Content-Length"] = str(len(text))
        return HttpResponse(text, "application/json", headers=headers)

    return openapi


def openapi_document(api: NinjaAPI) -> tuple[bytes, bytes, str]:
    """The document as JSON, compressed, and the weak ETag of both."""
    with _lock:  # the first requests wait for one of them to build it
        return _build(api)


@cache
def _build(api: NinjaAPI) -> tuple[bytes, bytes, str]:
    described = api.get_openapi_schema(path_prefix="/api/v1/")
    text = json.dumps(described, cls=NinjaJSONEncoder, separators=(",", ":")).encode()
    return text, gzip.compress(text, 9, mtime=0), f'W/"{hashlib.sha256(text).hexdigest()[:32]}"'
