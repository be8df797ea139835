"""Whether callers of one OpenAPI document can use another: finds removed and narrowed parts.

A request may get more choices and an answer more members. `python -m tests.contract.compatible`
writes the document to `docs/openapi.json`, unless that would narrow it (`--breaking` writes it
anyway).
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/openapi.json"

NOTICED = "Callers would notice (BREAKING=1 writes it all the same):"

METHODS = ("get", "put", "post", "patch", "delete")

UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")


def narrowings(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """One line for each thing that a caller of `before` can no longer do or read."""
    return list(_Comparison(before, after).paths())


class _Comparison:
    def __init__(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self.before, self.after = before, after
        self.compared: set[tuple[str, str, bool]] = set()

    def paths(self) -> Iterator[str]:
        for path, operations in self.before["paths"].items():
            for method in METHODS:
                if method not in operations:
                    continue
                place = f"{method.upper()} {path}"
                new = self.after["paths"].get(path, {}).get(method)
                if new is None:
                    yield f"{place}: removed"
                else:
                    yield from self._operation(place, operations[method], new)

    def _operation(self, place: str, old: Any, new: Any) -> Iterator[str]:
        known = {(p["in"], p["name"]): p for p in old.get("parameters", [])}
        given = {(p["in"], p["name"]): p for p in new.get("parameters", [])}
        for key, parameter in known.items():
            where = f"{place}: {key[0]} parameter {key[1]}"
            if key not in given:
                yield f"{where}: removed"
            else:
                yield from self._schema(
                    where, parameter["schema"], given[key]["schema"], request=True
                )
        for key, parameter in given.items():
            if parameter.get("required") and not known.get(key, {}).get("required"):
                yield f"{place}: {key[0]} parameter {key[1]}: now required"
        yield from self._contents(
            f"{place}: body",
            old.get("requestBody", {}).get("content", {}),
            new.get("requestBody", {}).get("content", {}),
            request=True,
        )
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield f"{place}: answer {status}: removed"
                continue
            yield from self._contents(
                f"{place}: answer {status}",
                answer.get("content", {}),
                new["responses"][status].get("content", {}),
                request=False,
            )

    def _contents(self, place: str, old: Any, new: Any, *, request: bool) -> Iterator[str]:
        for kind, content in old.items():
            if kind not in new:
                yield f"{place}: {kind}: removed"
            elif "schema" in content and "schema" in new[kind]:
                yield from self._schema(
                    place, content["schema"], new[kind]["schema"], request=request
                )

    def _schema(self, place: str, old: Any, new: Any, *, request: bool) -> Iterator[str]:
        pair = json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True), request
        if "$ref" in old:
            if pair in self.compared:
                return
            self.compared.add(pair)
        old, new = _resolved(self.before, old), _resolved(self.after, new)
        yield from self._choices(place, old, new, request=request)
        yield from _bounds(place, old, new, request=request)
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name not in after:
                yield f"{place}: {name}: removed"
            else:
                yield from self._schema(f"{place}: {name}", schema, after[name], request=request)
        was, now = set(old.get("required", [])), set(new.get("required", []))
        for name in sorted(now - was) if request else sorted((was - now) & set(after)):
            yield f"{place}: {name}: now {'required' if request else 'optional'}"
        if "items" in old and "items" in new:
            yield from self._schema(f"{place}: items", old["items"], new["items"], request=request)

    def _choices(self, place: str, old: Any, new: Any, *, request: bool) -> Iterator[str]:
        """Alternatives: neither request nor answer loses any; an answer may gain some."""
        was, now = _alternatives(self.before, old), _alternatives(self.after, new)
        if request and "any" not in now:
            for kind in sorted(was - now):
                yield f"{place}: {kind} no longer taken"
        if not request and "any" not in was and "any" in now:
            yield f"{place}: no longer of one type"
        lost = set(_enum(old)) - set(_enum(new))
        if lost and (request and _enum(new)):
            yield f"{place}: no longer takes {', '.join(sorted(map(str, lost)))}"
        if request and not _enum(old) and _enum(new):
            yield f"{place}: takes only certain values now"


def _resolved(document: dict[str, Any], schema: Any) -> Any:
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        schema = document["components"]["schemas"][name]
    return schema


def _alternatives(document: dict[str, Any], schema: Any) -> set[str]:
    """The JSON types that a schema allows; `any` without a type."""
    schema = _resolved(document, schema)
    if "anyOf" in schema or "oneOf" in schema:
        found: set[str] = set()
        for alternative in schema.get("anyOf", []) + schema.get("oneOf", []):
            found |= _alternatives(document, alternative)
        return found
    kinds = schema.get("type", "any")
    return set(kinds) if isinstance(kinds, list) else {kinds}


def _enum(schema: Any) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    found: list[Any] = schema.get("enum", [])
    return found


def _bounds(place: str, old: Any, new: Any, *, request: bool) -> Iterator[str]:
    if not request:
        return
    for word in UPPER:
        if word in new and new[word] < old.get(word, float("inf")):
            yield f"{place}: {word} is {new[word]}, was {old.get(word, 'unlimited')}"
    for word in LOWER:
        if word in new and new[word] > old.get(word, float("-inf")):
            yield f"{place}: {word} is {new[word]}, was {old.get(word, 'unlimited')}"
    for word in ("pattern", "format"):
        if word in new and new[word] != old.get(word):
            yield f"{place}: {word} is {new[word]}, was {old.get(word, 'not there')}"
    if old.get("additionalProperties", True) and new.get("additionalProperties", True) is False:
        yield f"{place}: takes no other members now"


def described() -> str:
    """The committed document of this checkout."""
    # After Django is set up.
    from fusion.api import api  # noqa: PLC0415
    from fusion.edge.description import openapi_document  # noqa: PLC0415

    return json.dumps(json.loads(openapi_document(api)[0]), indent=1, sort_keys=True) + "\n"


def _write(*, breaking: bool) -> int:
    import django  # noqa: PLC0415

    django.setup()
    text = described()
    if DOCUMENT.exists() and not breaking:
        found = narrowings(json.loads(DOCUMENT.read_text()), json.loads(text))
        if found:
            click.echo("\n  ".join([NOTICED, *found]))
            return 1
    DOCUMENT.write_text(text)
    click.echo(f"{DOCUMENT.name}: written")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fusion.settings")
    os.environ.setdefault("DATABASE_URL", "postgresql:///none")  # it is not connected to
    sys.exit(_write(breaking="--breaking" in sys.argv))
