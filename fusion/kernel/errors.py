"""Refusals. Each carries its HTTP status, a stable code and the numbers involved.

    Problem
    ├── one per code of `CODES`, raised through `refuse(code, detail, ...)`
    └── InvalidFields   422, with `errors: [{field, message}]`

A refusal is an answer, not a fault: it is raised before any write, or it rolls the transaction
back. Its JSON form is defined by RFC 9457.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

CODES: Mapping[str, tuple[int, str]] = {
    "invalid-json": (400, "The body is not valid JSON"),
    "unauthenticated": (401, "A valid bearer token is required"),
    "forbidden": (403, "Not allowed"),
    "port-request-needed": (403, "A port request is needed"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "Method not allowed"),
    "request-timeout": (408, "The request took too long to arrive"),
    "conflict": (409, "Conflict with the current state"),
    "external-reference-taken": (409, "External reference already in use"),
    "product-retired": (409, "Product is retired"),
    "not-held": (409, "Not held"),
    "quantity-changed": (409, "Another quantity is held"),
    "quantity-not-allowed": (409, "Quantity is not allowed"),
    "product-required": (409, "Another product is required"),
    "below-use": (409, "Would fall below what is in use"),
    "subscription-suspended": (409, "Subscription is suspended"),
    "subscription-terminated": (409, "Subscription is terminated"),
    "subscription-not-terminated": (409, "Subscription is not terminated"),
    "restore-too-late": (409, "Too late to restore the subscription"),
    "order-not-cancellable": (409, "Order can no longer be cancelled"),
    "order-not-reversible": (409, "Order cannot be reversed"),
    "already-reversed": (409, "Order was already reversed"),
    "order-not-scheduled": (409, "Order is no longer scheduled"),
    "no-entitlement": (409, "No entitlement left"),
    "no-free-number": (409, "No free number"),
    "number-not-available": (409, "Number is not available"),
    "number-in-use": (409, "Number is in use"),
    "number-not-assigned": (409, "Number is not assigned"),
    "no-license": (409, "No licence left"),
    "range-not-available": (409, "Range is not available"),
    "no-free-channel": (409, "No free channel"),
    "too-many-calls": (409, "Too many calls per second"),
    "call-ended": (410, "Call has ended"),
    "stale-revision": (412, "The object has changed since it was read"),
    "too-large": (413, "Request is too large"),
    "unsupported-media-type": (415, "Unsupported media type"),
    "invalid-fields": (422, "Some fields are invalid"),
    "idempotency-key-reused": (422, "Idempotency key already used for another request"),
    "duplicate-line": (422, "A product appears in more than one line"),
    "rate-limited": (429, "Too many requests"),
    "internal-error": (500, "Something went wrong on our side"),
    "unavailable": (503, "Service is not available"),
}
"""Problem code → (HTTP status, title). The codes are part of the contract and never change."""


class Problem(Exception):
    """A refusal with a stable `code`; `detail` says what, why and what would help."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        refusals: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.status, self.title = CODES[code]
        self.detail = detail
        self.errors = list(errors)
        self.refusals = list(refusals)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def document(self) -> dict[str, Any]:
        """The problem in the form of RFC 9457, without empty members."""
        body: dict[str, Any] = {
            "type": f"urn:fusion:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors
        if self.refusals:
            body["refusals"] = self.refusals
        return {**body, **self.extra}

    def refusal(self) -> dict[str, Any]:
        """The problem in the form of database functions, which `problem_of` reads."""
        return {"code": self.code, "detail": self.detail, "errors": self.errors}


def problem_of(document: Mapping[str, Any]) -> Problem:
    """The problem returned by a database function: {code, detail, errors?, refusals?, ...}."""
    extra = {name: value for name, value in document.items() if name not in KNOWN_MEMBERS}
    return Problem(
        document["code"],
        document["detail"],
        errors=document.get("errors") or (),
        refusals=document.get("refusals") or (),
        extra=extra,
    )


KNOWN_MEMBERS = ("code", "detail", "errors", "refusals")


class InvalidFields(Problem):
    """422 with one entry for each invalid field."""

    # callers choose the names of fields, `self` for example
    def __init__(self, /, **fields: str) -> None:
        errors = [{"field": field, "message": message} for field, message in fields.items()]
        detail = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        super().__init__("invalid-fields", detail, errors=errors)


def not_found(what: str) -> Problem:
    """404 for an id that does not exist or that the caller cannot see: both look the same."""
    return Problem("not-found", f"The {what} does not exist, or you cannot see it.")


def or_not_found[Row](row: Row | None, what: str) -> Row:
    """`row`; Problem `not-found` if it is None."""
    if row is None:
        raise not_found(what)
    return row


WHOLE_BODY = "body"
"""The field of an error that concerns no field: a body that is not an object, for example."""


MOST_ERRORS = 100
"""Most errors in one problem: a refusal is not larger than the request."""


def fields_problem(
    errors: Sequence[Mapping[str, Any]], skip: int, parameters: Collection[str] = ()
) -> Problem:
    """Pydantic's errors as a problem; `skip` leading parts of each location are not the caller's,
    unless one is the name of one of its `parameters`.

    A field is named by its path, such as `lines.0.quantity`; a whole body or query is named
    `body` or `query`.
    """
    entries = [
        {"field": _field(error["loc"], skip, parameters), "message": _message(error)}
        for error in errors[:MOST_ERRORS]
    ]
    detail = "; ".join(f"{entry['field']}: {entry['message']}" for entry in entries[:5])
    return Problem("invalid-fields", detail, errors=entries)


def _field(place: Sequence[str | int], skip: int, parameters: Collection[str]) -> str:
    # Pydantic includes the names of validators, such as `function-after[...]`, in the location.
    parts = [str(part) for part in place[skip:] if "[" not in str(part)]
    if parts:
        return ".".join(parts)
    if not place:
        return WHOLE_BODY
    # The last part is a parameter, or else the name of a function's argument.
    return str(place[-1] if place[-1] in parameters else place[0])


PLAIN_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_type": "must be a string",
    "string_pattern_mismatch": "has an invalid format",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "int_type": "must be a whole number, without quotes or decimals",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than_equal": "must be {ge} or more",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be {le} or less",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
    "uuid_type": "must be an id, such as 019e0d3c-6f1e-7000-8000-000000000001",
    "uuid_parsing": "must be an id, such as 019e0d3c-6f1e-7000-8000-000000000001",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
"""Pydantic's type of an error → message, with the limits from the error's context."""


def _message(error: Mapping[str, Any]) -> str:
    words = PLAIN_WORDS.get(error["type"])
    if words is not None:
        return words.format(**error.get("ctx", {}))
    return str(error["msg"]).removeprefix("Value error, ")
