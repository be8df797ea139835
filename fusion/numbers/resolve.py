"""Numbers of a request in E.164, whatever their form: the country comes from what they belong to.

A number with a country code costs no query; the country is read only for the others.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from fusion.access.actor import Actor
from fusion.kernel.errors import InvalidFields, Problem
from fusion.numbers.parse import (
    E164,
    depends_on_country,
    is_national,
    parse_number,
    parse_prefix,
    parse_suffix,
)
from fusion.numbers.written import NotANumber
from fusion.tenancy.queries import country_of, find_subscription

MOST_ERRORS = 100
"""Most numbers that one refusal names."""

MOST_TWICE = 5
"""Most repeated numbers that one refusal names."""


def find_twice(numbers: Sequence[str]) -> str | None:
    """Why the numbers cannot be a list, with the positions from 1; None if each occurs once."""
    if len(set(numbers)) == len(numbers):
        return None
    places: dict[str, list[int]] = defaultdict(list)
    for position, number in enumerate(numbers, start=1):
        places[number].append(position)
    named = [
        f"{number} ({', '.join(map(str, positions[:MOST_TWICE]))})"
        for number, positions in places.items()
        if len(positions) > 1
    ]
    more = ", …" if len(named) > MOST_TWICE else ""
    return f"must not contain the same number twice: {', '.join(named[:MOST_TWICE])}{more}"


def home_country(actor: Actor, subscription_id: UUID | None = None) -> str | None:
    """The country of the subscription's customer, else of the actor's organization, if it is known.

    Problem `not-found` unless the actor sees the subscription.
    """
    if subscription_id is None:
        return country_of(actor.path)
    return country_of(find_subscription(actor, subscription_id).path)


def resolve_numbers(
    actor: Actor,
    texts: Sequence[str],
    *,
    subscription_id: UUID,
    country: str | None = None,
    field: str = "numbers",
) -> list[str]:
    """`texts` in E.164, of `country` or the subscription's if they have no country code.

    Problems: `invalid-fields` (with the position of each wrong one), `not-found`.
    """
    if all(E164.fullmatch(text) for text in texts) and len(set(texts)) == len(texts):
        return list(texts)
    if country is None and any(map(depends_on_country, texts)):
        country = home_country(actor, subscription_id)
    numbers: list[str] = []
    wrong: dict[str, str] = {}
    for index, text in enumerate(texts):
        try:
            numbers.append(parse_number(text, country=country))
        except NotANumber as error:
            wrong[f"{field}.{index}"] = str(error)
        if len(wrong) == MOST_ERRORS:
            break
    if wrong:
        raise InvalidFields(**wrong)
    twice = find_twice(numbers)
    if twice is not None:
        raise InvalidFields(**{field: twice})
    return numbers


def resolve_number(actor: Actor, text: str, *, subscription_id: UUID, field: str = "number") -> str:
    """One number in E.164; Problems as of `resolve_numbers`, for `field`."""
    return resolve_lazily(text, lambda: home_country(actor, subscription_id), field=field)


def resolve_lazily(text: str, country: Callable[[], str | None], *, field: str) -> str:
    """One number in E.164; `country` is called if it has no country code. `invalid-fields`."""
    try:
        return parse_number(text, country=country() if depends_on_country(text) else None)
    except NotANumber as error:
        raise InvalidFields(**{field: str(error)}) from None


def resolve_prefix(text: str, country: Callable[[], str | None], *, field: str) -> str:
    """The first digits of numbers; `country` is called if they have no country code.

    Digits without zeros in front, such as `parse_prefix` returns, stay as they are.
    """
    if (text.isdecimal() and text.isascii() and not text.startswith("0")) or not text:
        return text
    try:
        return parse_prefix(text, country=country() if depends_on_country(text) else None)
    except NotANumber as error:
        raise InvalidFields(**{field: str(error)}) from None


def resolve_suffix(digits: str, country: Callable[[], str | None]) -> str:
    """The last digits of numbers; `country` is called if they may be a whole number of it."""
    return parse_suffix(digits, country=country()) if is_national(digits) else digits


def number_in_path(actor: Actor, text: str, subscription_id: UUID | None = None) -> str:
    """The number of a path in E.164; Problem `not-found` for what is not a number."""
    try:
        home = depends_on_country(text)
        return parse_number(text, country=home_country(actor, subscription_id) if home else None)
    except NotANumber as error:
        raise Problem(
            "not-found", f"The number does not exist, or you cannot see it: {error}."
        ) from None
