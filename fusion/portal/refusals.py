"""Translates the sentences of use cases.

Use cases and database functions write their details and field errors in English, for programs and
people alike. The ones that a page can show are repeated here and marked for translation, with a
placeholder for each fact. A sentence that is not listed here is shown in English.
"""

import re

from django.utils.translation import gettext, gettext_noop

DETAILS = (
    gettext_noop(
        "A SKU with the code %(code)s exists already. Use that one, or take another code."
    ),
    gettext_noop(
        "A product with the code %(code)s exists already. Change that one, or take another code."
    ),
    gettext_noop(
        "Another product carries the external reference %(reference)s. Take it from that product "
        "first, or send another one."
    ),
    gettext_noop(
        "Another organization already carries the external reference %(reference)s of your "
        "organization. It is free again when that organization gives it up or comes to its end."
    ),
    gettext_noop(
        "Another subscription already carries the external reference %(reference)s of your "
        "organization. It is free again when that subscription gives it up or comes to its end."
    ),
    gettext_noop(
        "The external reference %(reference)s was set by an organization above yours, which alone "
        "can change or clear it. Ask there."
    ),
    gettext_noop(
        "Order %(number)s already carries the external reference %(reference)s; it is free again "
        "only when that order fails or is cancelled."
    ),
    gettext_noop(
        "Order %(number)s is completed; only a scheduled order can be cancelled. Place an order "
        "that takes the opposite steps instead."
    ),
    gettext_noop(
        "Order %(number)s is failed; only a scheduled order can be cancelled. Place an order that "
        "takes the opposite steps instead."
    ),
    gettext_noop(
        "Order %(number)s is cancelled; only a scheduled order can be cancelled. Place an order "
        "that takes the opposite steps instead."
    ),
    gettext_noop(
        "Product %(code)s is retired: what is held can be removed, but nothing added. Order "
        "another product, or have this one reactivated."
    ),
    gettext_noop("Product %(code)s is retired: it can be given back, and not ordered."),
    gettext_noop("Product %(code)s stands in more than one line; put what is meant into one."),
    gettext_noop(
        "This request was approved by %(who)s at %(at)s; only an open one can be decided. Raise a "
        "new one."
    ),
    gettext_noop(
        "This request was rejected by %(who)s at %(at)s; only an open one can be decided. Raise a "
        "new one."
    ),
    gettext_noop(
        "This request was withdrawn by %(who)s at %(at)s; only an open one can be decided. Raise a "
        "new one."
    ),
    gettext_noop(
        "Another organization has raised this request; only it, or one above it, may withdraw it. "
        "Ask the group to reject it."
    ),
    gettext_noop(
        "%(organizations)s organizations and %(subscriptions)s subscriptions still live under it. "
        "Terminate these subscriptions and delete these organizations first, from the bottom."
    ),
    gettext_noop(
        "Not all numbers from %(first)s to %(last)s are to be had: some stand in another range, or "
        "were ported in. Choose other numbers."
    ),
    gettext_noop(
        "This invitation was accepted or withdrawn, its seven days are over, or whoever sent it "
        "may not invite any more. Ask for a new one."
    ),
    gettext_noop(
        "This link belongs to no invitation. It may have been copied only in part, or replaced by "
        "a newer one: follow the link of the newest e-mail, or ask for another."
    ),
    gettext_noop("This invitation was accepted; send a new one."),
    gettext_noop("This invitation was withdrawn; send a new one."),
    gettext_noop(
        "%(email)s is a member of this organization already. Change the role of that membership "
        "instead."
    ),
    gettext_noop(
        "%(email)s is a member of this organization already. Change the role of that membership, "
        "or remove it first."
    ),
    gettext_noop("%(email)s is invited already. Send that invitation again, or withdraw it."),
    gettext_noop("The body has more than %(limit)s bytes, the most taken here."),
    gettext_noop("More than %(most)s requests in a minute. Wait %(wait)s seconds."),
)
"""Details of refusals."""

MESSAGES = (
    gettext_noop("must not be blank"),
    gettext_noop("must have %(most)s characters at most"),
    gettext_noop("must have %(most)s KiB at most"),
    gettext_noop("must be a PNG, JPEG or WebP picture"),
    gettext_noop("must be a colour such as #3b5bdb"),
    gettext_noop("must be 1 to 64 letters, digits, dots, underscores, hyphens"),
    gettext_noop("must be 1 to 15 digits"),
    gettext_noop("must be an e-mail address"),
    gettext_noop("must be a phone number with its plus sign, such as +3225551234"),
    gettext_noop("must not name a number twice"),
    gettext_noop("must be in the future"),
    gettext_noop("must be in the future; leave it out to order at once"),
    gettext_noop("must be at most five years ahead"),
    gettext_noop(
        "lies more than %(hours)s hours in the past (it is %(now)s now); leave it out to do it at "
        "once"
    ),
    gettext_noop("must be at most %(days)s days ahead"),
    gettext_noop("must be given for a reservation"),
    gettext_noop("is for reservations only"),
    gettext_noop("is not a cursor of this list; take `next` of a former answer"),
    gettext_noop("is not a cursor of this list"),
    gettext_noop("is no cursor of a list"),
    gettext_noop("is missing"),
    gettext_noop("there is no such entitlement"),
    gettext_noop("there is no SKU with the code %(code)s"),
    gettext_noop("%(code)s stands in the list already; give it one item with all of its quantity"),
    gettext_noop("must have as many digits as first"),
    gettext_noop("must not be below first"),
    gettext_noop("makes a range of more than %(most)s numbers"),
    gettext_noop("%(number)s is no valid number"),
    gettext_noop("%(number)s is no valid number of %(country)s"),
    gettext_noop("%(number)s is a %(found)s, not a %(type)s number"),
    gettext_noop(
        "%(number)s is a %(types)s number of %(countries)s, for which there is no such SKU"
    ),
    gettext_noop("mixes Latin letters with Cyrillic or Greek ones, which look the same"),
    gettext_noop(
        "has a character that cannot be seen or turns the text around (%(character)s) at position "
        "%(position)s"
    ),
    gettext_noop("has no rows; the first line is the header, users stand below it"),
    gettext_noop("has more than %(most)s rows; split it into several batches"),
    gettext_noop("has more than %(most)s blank rows; remove those after the last user"),
    gettext_noop("has %(cells)s cells in line %(line)s; a user has %(most)s at most"),
    gettext_noop("has %(cells)s columns; there are %(count)s: %(columns)s"),
    gettext_noop("has %(cells)s cells where the header has %(count)s"),
    gettext_noop("has unknown columns: %(columns)s"),
    gettext_noop("is not UTF-8 in line %(line)s; save it as UTF-8"),
    gettext_noop("is not readable as CSV, line %(line)s: %(error)s"),
    gettext_noop(
        "has a row of more than %(most)s characters, which ends in line %(line)s or later; is a "
        "quotation mark not closed?"
    ),
    gettext_noop("is required"),
    gettext_noop("is not a known member"),
    gettext_noop("must be a string"),
    gettext_noop("is spelled in a way that is not taken here"),
    gettext_noop("must have at least %(min_length)s characters"),
    gettext_noop("must have at most %(max_length)s characters"),
    gettext_noop("must be a whole number, without quotes or decimals"),
    gettext_noop("must be a whole number of ordinary size"),
    gettext_noop("must be a whole number"),
    gettext_noop("must be true or false"),
    gettext_noop("must be %(ge)s or more"),
    gettext_noop("must be more than %(gt)s"),
    gettext_noop("must be %(le)s or less"),
    gettext_noop("must be less than %(lt)s"),
    gettext_noop("must be an id, such as 019e0d3c-6f1e-7000-8000-000000000001"),
    gettext_noop("must have at least %(min_length)s entries"),
    gettext_noop("must have at most %(max_length)s entries"),
    gettext_noop("must be a list"),
    gettext_noop("must be an object"),
    gettext_noop("must be '%(one)s' or '%(other)s'"),
)
"""Errors of fields."""


def _pattern(text: str) -> re.Pattern[str]:
    """Matches `text` with any facts in place of its placeholders."""
    parts = re.split(r"%\((\w+)\)s", text)
    return re.compile(
        "".join(f"(?P<{each}>.+?)" if i % 2 else re.escape(each) for i, each in enumerate(parts)),
        re.DOTALL,
    )


PATTERNS = tuple((_pattern(text), text) for text in (*DETAILS, *MESSAGES))


def translated(sentence: str) -> str:
    """`sentence`, as a use case wrote it, in the reader's language if it is listed here."""
    for pattern, text in PATTERNS:
        if found := pattern.fullmatch(sentence):
            return gettext(text) % found.groupdict()
    return gettext(sentence)
