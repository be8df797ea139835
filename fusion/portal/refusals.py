"""Translates the sentences of use cases.

Use cases and database functions write their details and field errors in English, for programs and
people alike. The ones that a page can show are repeated here and marked for translation, with a
placeholder for each fact. A sentence that is not listed here is shown in English.
"""

import re

from django.utils.translation import gettext, gettext_noop

from fusion.numbers.written import REFUSALS
from fusion.portal.bulk.details import JOB_DETAILS
from fusion.portal.number_types import types_in_words
from fusion.portal.order_dates import DATE_MESSAGES
from fusion.portal.product_rules import PRODUCT_DETAILS, PRODUCT_MESSAGES
from fusion.portal.restorations import RESTORE_DETAILS, until_in_words

DETAILS = (
    *JOB_DETAILS,
    *PRODUCT_DETAILS,
    *RESTORE_DETAILS,
    gettext_noop("The provider has not added %(number)s for %(country)s."),
    gettext_noop(
        "A SKU with the code %(code)s already exists. Use that SKU, or choose another code."
    ),
    gettext_noop(
        "Another organization already has the external reference %(reference)s from your "
        "organization. You can reuse it once that organization is deleted or its reference "
        "changes."
    ),
    gettext_noop(
        "Another subscription already has the external reference %(reference)s from your "
        "organization. You can reuse it once that subscription is terminated or its "
        "reference changes."
    ),
    gettext_noop(
        "An organization above yours set the external reference %(reference)s. Ask that "
        "organization to change or clear it."
    ),
    gettext_noop(
        "Order %(number)s already has the external reference %(reference)s. You can reuse "
        "it only if that order fails or is cancelled."
    ),
    gettext_noop(
        "Order %(number)s is completed; only a scheduled order can be cancelled. Reverse it "
        "instead."
    ),
    gettext_noop("Order %(number)s is completed; only a scheduled order can be cancelled."),
    gettext_noop(
        "Order %(number)s is failed; only a scheduled order can be cancelled. It changed nothing."
    ),
    gettext_noop(
        "Order %(number)s is cancelled; only a scheduled order can be cancelled. It changed "
        "nothing."
    ),
    gettext_noop("Order %(number)s is %(state)s; only a failed order can be marked as seen."),
    gettext_noop("Order %(number)s was already reversed by order %(other)s."),
    gettext_noop(
        "Order %(number)s will already be reversed by order %(other)s. To reverse it at another "
        "time, cancel that order first."
    ),
    gettext_noop(
        "Order %(number)s is of kind %(kind)s; only orders of kind change or repair can be "
        "reversed."
    ),
    gettext_noop("Order %(number)s is scheduled and has changed nothing yet. Cancel it instead."),
    gettext_noop(
        "Order %(number)s is failed and changed nothing; only a completed order can be reversed."
    ),
    gettext_noop(
        "Order %(number)s is cancelled and changed nothing; only a completed order can be reversed."
    ),
    gettext_noop("Order %(number)s changed no quantity: there is nothing to reverse."),
    gettext_noop("Order %(number)s has ended: order %(other)s took back the rest."),
    gettext_noop("By that date the order has ended: its end takes back the rest."),
    gettext_noop(
        "Order %(number)s is %(state)s; only a scheduled order can get another date. Place a new "
        "order instead."
    ),
    gettext_noop(
        "Product %(code)s is retired: it can be removed but not added. Order another "
        "product, or ask the provider to reactivate this one."
    ),
    gettext_noop("Product %(code)s is retired: it can be removed but not ordered."),
    gettext_noop(
        "Product %(code)s appears in more than one line. A product can have one `set` line, or one "
        "`add` line and one `remove` line."
    ),
    gettext_noop(
        "This request was already approved by %(who)s at %(at)s. Only an open request can "
        "be decided. Create a new request."
    ),
    gettext_noop(
        "This request was already rejected by %(who)s at %(at)s. Only an open request can "
        "be decided. Create a new request."
    ),
    gettext_noop(
        "This request was already withdrawn by %(who)s at %(at)s. Only an open request can "
        "be decided. Create a new request."
    ),
    gettext_noop(
        "Another organization created this request. Only that organization or one above it "
        "can withdraw it. Ask the group to reject it."
    ),
    gettext_noop("Only your provider can port numbers. Ask your provider."),
    gettext_noop(
        "This port request is already %(state)s. Only an open or approved request can be "
        "changed. Create a new request."
    ),
    gettext_noop("The numbers of this request were just moved. Read it again, then repeat."),
    gettext_noop(
        "This port request is already approved for %(at)s. Give another `port_date` to "
        "change that, or reject it."
    ),
    gettext_noop(
        "Port request %(request)s of this subscription, which is %(state)s and dated %(at)s, has "
        "some of these numbers. Change or withdraw that request, or leave the numbers out."
    ),
    gettext_noop(
        "Port request %(request)s of this subscription, which is %(state)s and has no date, has "
        "some of these numbers. Change or withdraw that request, or leave the numbers out."
    ),
    gettext_noop(
        "%(e164)s is waiting for port request %(port_request_id)s dated %(port_date)s, which ports "
        "it in. Withdraw or reject that request, or change its date."
    ),
    gettext_noop(
        "%(e164)s is waiting for port request %(port_request_id)s dated %(port_date)s, which ports "
        "it out. Withdraw or reject that request, or change its date."
    ),
    gettext_noop(
        "%(number)s was ported in. It leaves the inventory when its quarantine ends; only a "
        "number of a range can be put back into stock."
    ),
    gettext_noop(
        "%(number)s is not in quarantine; its status is %(status)s. Only a number of a "
        "range in quarantine can be put back into stock."
    ),
    gettext_noop(
        "It still has %(organizations)s organizations and %(subscriptions)s active "
        "subscriptions below it. Terminate the subscriptions first, then delete the "
        "organizations, starting with the lowest."
    ),
    gettext_noop(
        "Some numbers from %(first)s to %(last)s are not available: they are in another "
        "range. Choose other numbers."
    ),
    gettext_noop(
        "None of the numbers from %(first)s to %(last)s is available: they were ported in. "
        "Choose other numbers."
    ),
    gettext_noop(
        "Numbers that are not free cannot leave the range or change their type: %(numbers)s. "
        "Release them and put them back into stock. Withdraw or reject the port requests that they "
        "wait for; a number that was ported out must be ported in first. Or choose other ends. "
        "Nothing was changed."
    ),
    gettext_noop(
        "This invitation is no longer valid. It was accepted or withdrawn, it expired, or "
        "its sender can no longer invite members. Request a new one."
    ),
    gettext_noop(
        "This link matches no invitation. It may be incomplete, or a newer link replaced "
        "it. Use the link in the latest e-mail, or request a new invitation."
    ),
    gettext_noop("This invitation was already accepted. Send a new one."),
    gettext_noop("This invitation was already withdrawn. Send a new one."),
    gettext_noop(
        "%(email)s is already a member of this organization. Change that member's role instead."
    ),
    gettext_noop(
        "%(email)s is already a member of this organization. Change that member's role, or "
        "remove the member first."
    ),
    gettext_noop(
        "%(email)s already has an invitation. Send that invitation again, or withdraw it."
    ),
    gettext_noop(
        "The user %(login)s has the number %(number)s, not %(other)s. Nothing was changed."
    ),
    gettext_noop("The subscription was terminated."),
    gettext_noop("The port could not be carried out."),
    gettext_noop("It would have violated the database constraint %(constraint)s."),
    gettext_noop("No user of this subscription has the id %(id)s. Nothing was changed."),
    gettext_noop("This job ended after %(done)s of %(total)s rows, so nothing can be cancelled."),
    gettext_noop(
        "Only the group can accept unknown numbers. Send a port request with `accept_unknown`."
    ),
    gettext_noop("The request body is too large: the limit is %(limit)s bytes."),
    gettext_noop("The limit is %(most)s requests per minute. Wait %(wait)s seconds."),
)
"""Details of refusals."""

MESSAGES = (
    *DATE_MESSAGES,
    *PRODUCT_MESSAGES,
    gettext_noop("%(number)s is an emergency number of %(country)s already"),
    gettext_noop("“%(value)s” has no digits; write an emergency number of 2 to 6 digits"),
    gettext_noop("“%(value)s” has letters; write the 2 to 6 digits that people dial"),
    gettext_noop(
        "“%(value)s” has %(character)s, which is not part of an emergency number; write 2 to 6 "
        "digits without prefixes"
    ),
    gettext_noop("“%(value)s” has %(count)s digits; an emergency number has 2 to 6"),
    gettext_noop(
        "at most %(most)s numbers can be added for a country, and %(country)s has %(count)s. "
        "Remove one first"
    ),
    gettext_noop("must not be blank"),
    gettext_noop("must have at most %(most)s characters"),
    gettext_noop("must be at most %(most)s KiB"),
    gettext_noop("must be a PNG, JPEG or WebP picture"),
    gettext_noop("must be a colour such as #3b5bdb"),
    gettext_noop("must be 1 to 64 letters, digits, dots, underscores or hyphens"),
    gettext_noop("must be an e-mail address"),
    gettext_noop("must not contain the same number twice: %(numbers)s"),
    gettext_noop("must be in the future"),
    gettext_noop("must be at most %(days)s days ahead"),
    gettext_noop("must be another subscription"),
    gettext_noop("is allowed only to port in"),
    gettext_noop("matches more than 10000 numbers; add filters, or give a `quantity`"),
    gettext_noop("is required for a reservation"),
    gettext_noop("is allowed only for a reservation"),
    gettext_noop("Invalid cursor: pass the `next` value of a previous page of this list."),
    gettext_noop("is missing"),
    gettext_noop("is not the code of a number type in your catalogue"),
    gettext_noop("no SKU has the code %(code)s"),
    gettext_noop("%(code)s is already in the list; use one item with the total quantity"),
    gettext_noop("must have the same number of digits as `first`"),
    gettext_noop("must not be lower than `first`"),
    gettext_noop("must give a range of at most %(most)s numbers"),
    gettext_noop("is required with `accept_unknown`"),
    gettext_noop(
        "must be true: the request is for unknown numbers. Accept them with a `reason`, or reject "
        "the request"
    ),
    gettext_noop("is allowed only for an open request that has `accept_unknown`"),
    gettext_noop("`accept_unknown` is allowed only to port in"),
    gettext_noop("is allowed only with `accept_unknown`"),
    gettext_noop("%(number)s begins with the country code of %(country)s, so it has a country"),
    gettext_noop("%(number)s does not begin with +%(code)s, the country code of %(country)s"),
    gettext_noop(
        "Your inventory has %(numbers)s, which begins with a number of this range. Check that "
        "both exist."
    ),
    gettext_noop(
        "Your inventory has %(numbers)s, which is the beginning of one of its numbers. Check "
        "that both exist."
    ),
    gettext_noop(
        "Your inventory has %(number)s, which begins with %(other)s. Check that both exist."
    ),
    gettext_noop(
        "Your inventory has %(number)s, which is the beginning of %(other)s. Check that both exist."
    ),
    gettext_noop("%(number)s is not a valid phone number"),
    gettext_noop("%(number)s is not a valid phone number of %(country)s"),
    gettext_noop("%(number)s is a %(found)s, not a %(type)s number"),
    gettext_noop(
        "%(number)s is a %(types)s number of %(countries)s, not of %(sku)s; give a matching number "
        "type (`sku`), or none"
    ),
    gettext_noop("%(number)s is a %(types)s number of %(countries)s, but no matching SKU exists"),
    gettext_noop("must not mix Latin letters with similar Cyrillic or Greek letters"),
    gettext_noop(
        "has an invisible or direction-changing character (%(character)s) at position %(position)s"
    ),
    gettext_noop("has a line break at position %(position)s; write it in one line"),
    gettext_noop("has no users; the first line is the header, and the users follow it"),
    gettext_noop("has more than %(most)s rows; split the file"),
    gettext_noop(
        "has more than %(most)s blank rows; remove the blank rows after the last filled one"
    ),
    gettext_noop("has more than %(most)s cells in row %(row)s; the header has %(count)s"),
    gettext_noop("has more than %(most)s columns; the known ones are %(columns)s"),
    gettext_noop("has a cell in column %(column)s, which has no name in the header"),
    gettext_noop("is missing from the header"),
    gettext_noop("repeats the header; remove this row"),
    gettext_noop("appears twice in the header"),
    gettext_noop("is a PDF file; save the list as XLSX, or as CSV (UTF-8)"),
    gettext_noop("is a Numbers document; export it as Excel (XLSX) or CSV"),
    gettext_noop("is an OpenDocument file; save it as XLSX, or as CSV (UTF-8)"),
    gettext_noop("is an old Excel file (XLS); save it as XLSX, or as CSV (UTF-8)"),
    gettext_noop("is a binary workbook (XLSB); save it as XLSX, or as CSV (UTF-8)"),
    gettext_noop("has a password; save it as XLSX without a password"),
    gettext_noop("has the character set %(charset)s; save the file as UTF-8"),
    gettext_noop(
        "may have the character set %(charsets)s, which have other letters; save the file as UTF-8 "
        "or XLSX"
    ),
    gettext_noop("is not a table; save the list as XLSX, or as CSV (UTF-8)"),
    gettext_noop("cannot be read as an Excel workbook; save it again as XLSX, or as CSV (UTF-8)"),
    gettext_noop(
        "unpacks to more than %(most)s MiB; save only the rows with users, or split the file"
    ),
    gettext_noop("has no visible sheet with cells"),
    gettext_noop(
        "has a list in more than one sheet (%(sheets)s); keep one of them, and hide or delete the "
        "others"
    ),
    gettext_noop("is a date or time in the spreadsheet; format the cell as text and type it again"),
    gettext_noop("has the error %(error)s of a formula in the spreadsheet"),
    gettext_noop(
        "has a formula without a stored value; open and save the file in a spreadsheet program"
    ),
    gettext_noop("“%(value)s” is unknown; leave the cell empty, or write one of these: %(words)s"),
    gettext_noop("is in several rows of the list: %(rows)s; keep one of them"),
    gettext_noop("“%(value)s” is in several rows of the list: %(rows)s; keep one of them"),
    gettext_noop("is required for a new user"),
    gettext_noop("is %(sku)s, but %(number)s is a number of %(other)s"),
    gettext_noop("has unknown columns: %(columns)s"),
    gettext_noop("is not valid UTF-8 in line %(line)s; save the file as UTF-8"),
    gettext_noop("is not valid %(charset)s in line %(line)s: %(error)s; save the file as UTF-8"),
    gettext_noop("is not valid CSV in line %(line)s: %(error)s"),
    gettext_noop("has a quotation mark in the row of line %(line)s that is not closed"),
    gettext_noop(
        "has text after a closing quotation mark in line %(line)s; double marks in a cell"
    ),
    gettext_noop(
        "has a row of more than %(most)s characters near line %(line)s; check for an "
        "unclosed quotation mark"
    ),
    gettext_noop("is required"),
    gettext_noop("is not a known field"),
    gettext_noop("must be a string"),
    gettext_noop("has an invalid format"),
    gettext_noop("must have at least %(min_length)s characters"),
    gettext_noop("must have at most %(max_length)s characters"),
    gettext_noop("must be a whole number, without quotes or decimals"),
    gettext_noop("is too large a number"),
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


PATTERNS = tuple((_pattern(text), text) for text in (*DETAILS, *MESSAGES, *REFUSALS))


HELP = (
    gettext_noop(
        "if you have it nevertheless, accept unknown numbers (`accept_unknown`) with a `reason`"
    ),
    gettext_noop(
        "if it exists nevertheless, give its number type (`sku`) and accept unknown numbers "
        "(`accept_unknown`) with a `reason`"
    ),
    gettext_noop(
        "if it exists nevertheless, send a port request with its number type (`sku`), "
        "`accept_unknown` and a `reason`"
    ),
)
"""Ends of refusals that say what would help; see `numbers/rules.py`."""

NUMBER_TYPES = ("found", "type", "types")
"""Placeholders of types of phone numbers, which a refusal names by their codes."""


def translated(sentence: str) -> str:
    """`sentence`, as a use case wrote it, in the reader's language if it is listed here."""
    for end in HELP:
        if sentence.endswith(f"; {end}"):
            return f"{translated(sentence.removesuffix(f'; {end}'))}; {gettext(end)}"
    for pattern, text in PATTERNS:
        if found := pattern.fullmatch(sentence):
            facts = found.groupdict()
            words = {name: types_in_words(facts[name]) for name in NUMBER_TYPES if name in facts}
            if "until" in facts:
                words["until"] = until_in_words(facts["until"])
            return gettext(text) % {**facts, **words}
    return gettext(sentence)
