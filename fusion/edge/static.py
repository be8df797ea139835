"""The static files of the installed apps, served by the server processes themselves.

There is no collecting step and no other host: everything works without a network. Pages refer to
each file by a name with a checksum of its content, so that browsers cache it permanently; it is
kept under that name, compressed too, in a directory that every process can create again.
"""

import gzip
import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import find, get_finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise import WhiteNoise

from fusion.edge.middleware import STRICT_TRANSPORT

MAX_AGE = 3600
"""Seconds for which a browser caches a file requested by its plain name."""

COMPRESSED = {".css", ".js", ".svg", ".json", ".map", ".html", ".txt"}


class NamedByContent(StaticFilesStorage):
    """Gives `{% static %}` the URL of a file."""

    def url(self, name: str | None, force: bool = False) -> str:
        """The URL with the file's checksum; the plain one for an unknown file."""
        return f"{settings.STATIC_URL}{_named(name or '')}"


@cache
def _named(name: str) -> str:
    source = find(name)
    if source is None:
        return name
    checksum = hashlib.sha256(Path(str(source)).read_bytes()).hexdigest()[:12]
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}.{checksum}{path.suffix}"))


def with_static_files(application: Callable[..., Any]) -> WhiteNoise:
    """`application`, wrapped with a look-up of the path among the static files."""
    static = WhiteNoise(
        application,
        max_age=MAX_AGE,
        add_headers_function=_add_headers,
        immutable_file_test=_is_immutable,
    )
    for finder in get_finders():
        for path, storage in finder.list([]):
            _keep(path, Path(storage.path(path)))
        for storage in getattr(finder, "storages", {}).values():
            static.add_files(storage.location, prefix=settings.STATIC_URL)
    static.add_files(str(settings.STATIC_ROOT), prefix=settings.STATIC_URL)
    return static


def _keep(name: str, source: Path) -> None:
    """Store the file and its compressed form under a name derived from its content."""
    target = Path(settings.STATIC_ROOT) / _named(name)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    content = source.read_bytes()
    if source.suffix in COMPRESSED:
        _write(target.with_name(f"{target.name}.gz"), gzip.compress(content, 9, mtime=0))
    _write(target, content)


def _write(target: Path, content: bytes) -> None:
    """Write atomically: several processes do this at once."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.rename(target)


def _is_immutable(path: str, url: str) -> bool:
    return path.startswith(f"{settings.STATIC_ROOT}{os.sep}")


def _add_headers(headers: Any, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    if settings.HTTPS:
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
