"""The rules of the tree, of a client's scopes, and of the spelling of e-mail addresses."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from fusion.kernel.text import clean_line, mixes_scripts, text_key
from fusion.tenancy.actor import DISTRIBUTOR, GROUP, RESELLER, SCOPES, TENANT

PARENTS = {
    DISTRIBUTOR: (GROUP,),
    RESELLER: (GROUP, DISTRIBUTOR),
    TENANT: (GROUP, DISTRIBUTOR, RESELLER),
}
"""Kind of organization → the kinds allowed as its parent. A group has no parent."""

ONLY_FOR_GROUPS = ("catalogue:write",)
"""Scopes that a client below the group cannot hold."""

MAX_EMAIL = 254
MIN_PASSWORD = 12


def misplaced(kind: str, parent_kind: str) -> dict[str, str]:
    """Field → message if an organization of `kind` may not be under one of `parent_kind`.

    Invariant: every path reads group, distributor?, reseller?, tenant?, in this order.
    """
    if kind == GROUP:
        return {"kind": "cannot be group: only the operator of Fusion creates groups"}
    if parent_kind in PARENTS[kind]:
        return {}
    allowed = " or ".join(PARENTS[kind])
    return {"parent_id": f"is a {parent_kind}, but the parent of a {kind} must be a {allowed}"}


def grantable(kind: str) -> tuple[str, ...]:
    """The scopes that a client of an organization of `kind` may have."""
    return tuple(scope for scope in SCOPES if kind == GROUP or scope not in ONLY_FOR_GROUPS)


def in_order(scopes: Iterable[str]) -> list[str]:
    """Known scopes, without repetition, in the order of `SCOPES`."""
    held = set(scopes)
    return [scope for scope in SCOPES if scope in held]


def normal_email(text: str) -> str:
    """The normal spelling of an e-mail address, which identifies a person; ValueError if it is not
    one.

    Compatibility characters, case, and the full stops of other scripts are normalized.
    """
    try:
        email = text_key(clean_line(text)).replace("\u3002", ".")
    except ValueError as error:
        raise ValueError(f"must be an e-mail address: it {error}") from None
    mailbox, _, domain = email.rpartition("@")
    try:
        validate_email(email)
    except ValidationError:
        raise ValueError("must be an e-mail address") from None
    # Django accepts a few letters that fold to ASCII, such as a dotless i.
    if not mailbox.isascii():
        raise ValueError("must be an e-mail address with only ASCII characters before the @")
    if any(mixes_scripts(label) for label in domain.split(".")):
        raise ValueError("must be an e-mail address whose domain does not mix scripts")
    if len(email) > MAX_EMAIL:
        raise ValueError(f"must have at most {MAX_EMAIL} characters")
    return email
