"""Input text: names that look the same are equal.

Every text that enters (bodies, parameters, CSV, forms, the command line) goes through `clean_line`
or `clean_note`. They silently remove harmless differences: text becomes NFC, every kind of space
an ordinary one; surrounding spaces, variation selectors, soft hyphens and byte order marks are
removed. They refuse characters that hide or reorder text, with their position: control characters,
marks of direction, zero-width characters, line separators. A note may have line feeds.

Logins are compared by `text_key`, and a login of Latin mixed with Cyrillic or Greek is refused.
"""

import re
import unicodedata

REMOVED = "\u00ad\ufe00-\ufe0f\ufeff"
"""Soft hyphen, variation selectors, byte order mark: without them the text looks the same."""

SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""Every space that is not U+0020 (Unicode's Zs)."""

REFUSED = (
    "\u0000-\u001f\u007f-\u009f"  # controls
    "\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # joiners, direction, fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, lines, direction, invisible operators
    "\u2800\u3164\uffa0\ufff0-\uffff"  # blanks, fillers, annotations, replacement characters
)
"""Controls, formats and invisible characters: the inside of a character class."""

REFUSED_BEYOND = (
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # formats, tags
    "\ud800-\udfff"  # surrogates, which a command line may contain
)
"""More of these, which a pattern of the OpenAPI document cannot express for all readers."""


def _shown(refused: str, *, blank: bool) -> str:
    """A pattern for the OpenAPI document, with escapes that JavaScript and Python read."""
    within = _escaped(refused)
    if blank:
        return f"^[^{within}]*$"
    removed = _escaped(REMOVED)
    return f"^[^{within}]*[^\\s{removed}{within}][^{within}]*$"


def _escaped(characters: str) -> str:
    return "".join(each if each == "-" else f"\\u{ord(each):04x}" for each in characters)


REFUSED_IN_NOTE = REFUSED.replace("\u0000-\u001f", "\u0000-\u0009\u000b-\u001f")
LINE, LINE_WITH_TEXT = _shown(REFUSED, blank=True), _shown(REFUSED, blank=False)
SEEN = f"[^\\s{_escaped(REMOVED + REFUSED)}]"
NOTE, NOTE_WITH_TEXT = _shown(REFUSED_IN_NOTE, blank=True), _shown(REFUSED_IN_NOTE, blank=False)
"""Patterns of accepted texts, for the OpenAPI document; those `_WITH_TEXT` are not blank. A
proxy's text of a call may have any character, and has a visible one (`SEEN`)."""

_REMOVED = re.compile(f"[{REMOVED}]")
_SPACE = re.compile(f"[{SPACES}]")
_REFUSED = re.compile(f"[{REFUSED}{REFUSED_BEYOND}]")
_REFUSED_IN_NOTE = re.compile(f"[{REFUSED_IN_NOTE}{REFUSED_BEYOND}]")
_LINE_END = re.compile("\r\n?")


class Unclean(ValueError):
    """A refused character; its position counts from 1, in the text as sent."""

    def __init__(self, text: str, index: int) -> None:
        self.position = index + 1
        self.character = f"U+{ord(text[index]):04X}"
        if text[index] in "\r\n":
            super().__init__(f"has a line break at position {self.position}; write it in one line")
            return
        super().__init__(
            f"has an invisible or direction-changing character ({self.character}) at "
            f"position {self.position}"
        )


def clean_line(text: str) -> str:
    """`text` as it is stored: NFC and trimmed. Raises Unclean for characters that a line may not
    have."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    return _cleaned(text, _REFUSED)


def clean_note(text: str) -> str:
    """The same for a text of several lines, whose ends become line feeds."""
    return _cleaned(_LINE_END.sub("\n", text), _REFUSED_IN_NOTE)


def clean_signalling(text: str) -> str:
    """A text of a call, which a proxy passes on: refused characters are removed.

    It is stored and shown, but not used for look-ups, and never causes a refusal of a call.
    """
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    return _cleaned(_REFUSED.sub("", text), _REFUSED)


def _cleaned(text: str, refused: re.Pattern[str]) -> str:
    inner = text.strip()
    wrong = refused.search(_REMOVED.sub(" ", inner))
    if wrong:
        raise Unclean(text, text.index(inner) + wrong.start())
    return unicodedata.normalize("NFC", _SPACE.sub(" ", _REMOVED.sub("", inner))).strip()


def text_key(text: str) -> str:
    """The comparison key of logins and e-mails: ignores compatible spellings and case, and treats
    a dotted i as an i. The database has the same rule in `kernel_text_key`; a test compares the
    two.
    """
    folded = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKC", folded).replace("i\u0307", "i")


def mixes_scripts(text: str) -> bool:
    """Whether the text mixes Latin letters with Cyrillic or Greek ones, which look similar."""
    if text.isascii():
        return False
    scripts = {_script(character) for character in unicodedata.normalize("NFKC", text)}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK"})


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""
