"""Text from outside: what two people see as one name is one name.

Every text that enters (bodies, parameters, CSV, forms, the command line) goes through `clean_line`
or `clean_note`. Harmless differences are removed without a word: text becomes NFC, every kind of
space an ordinary one, spaces around it go, and so do variation selectors, soft hyphens and byte
order marks. What hides or reorders text is refused with its position: control characters,
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
    "\u2800\u3164\uffa0\ufff0-\uffff"  # blanks, fillers, annotations, what stands for a lost byte
)
"""Controls, formats, and what Unicode shows as nothing: the inside of a character class."""

REFUSED_BEYOND = (
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # formats, tags
    "\ud800-\udfff"  # surrogates, of which a command line may be made
)
"""The same beyond what a pattern of the OpenAPI document can say everywhere."""


def _shown(refused: str, *, blank: bool) -> str:
    """A pattern for the OpenAPI document, which JavaScript and Python read alike: with escapes."""
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
"""Patterns of what is taken, for the OpenAPI document; those `_WITH_TEXT` are not blank. What a
proxy says of a call takes every character, and has one that is `SEEN`."""

_REMOVED = re.compile(f"[{REMOVED}]")
_SPACE = re.compile(f"[{SPACES}]")
_REFUSED = re.compile(f"[{REFUSED}{REFUSED_BEYOND}]")
_REFUSED_IN_NOTE = re.compile(f"[{REFUSED_IN_NOTE}{REFUSED_BEYOND}]")
_LINE_END = re.compile("\r\n?")


class Unclean(ValueError):
    """A character that no text may have: its position counts from 1, in what was sent."""

    def __init__(self, text: str, index: int) -> None:
        self.position = index + 1
        self.character = f"U+{ord(text[index]):04X}"
        super().__init__(
            f"has an invisible or direction-changing character ({self.character}) at "
            f"position {self.position}"
        )


def clean_line(text: str) -> str:
    """`text` as it is kept: NFC and trimmed. Unclean for what a single line may not have."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    return _cleaned(text, _REFUSED)


def clean_note(text: str) -> str:
    """The same for a text of several lines, whose ends become line feeds."""
    return _cleaned(_LINE_END.sub("\n", text), _REFUSED_IN_NOTE)


def clean_signalling(text: str) -> str:
    """What a proxy has read from a call, where strangers write: what others may not say is removed.

    It is kept and shown, but nothing is found by it, and no call is refused for it.
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
    """What two logins, or two e-mails, have in common that are one: compatible spellings and the
    case of letters do not count, and an i with a dot is an i.

    The database has the same rule in `kernel_text_key`; a test holds them together.
    """
    folded = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKC", folded).replace("i\u0307", "i")


def mixes_scripts(text: str) -> bool:
    """Whether Latin letters stand beside Cyrillic or Greek ones, which look like them."""
    if text.isascii():
        return False
    scripts = {_script(character) for character in unicodedata.normalize("NFKC", text)}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK"})


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""
