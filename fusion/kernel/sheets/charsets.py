"""The character set of a text file that does not name it.

A byte order mark decides; else NUL bytes in every other place mean UTF-16; else the file is UTF-8
if it is valid UTF-8. Only old character sets remain, of which every byte is valid in several: the
one is assumed in which most letters beyond ASCII belong to one language (see `east_asian.py`, too).
If two are possible, the file is refused. Detectors of the Python ecosystem need running text; on
lists of names they took `Peña` for `Peńa`.
"""

import codecs
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from fusion.kernel.sheets.decoding import is_valid
from fusion.kernel.sheets.east_asian import (
    east_asian_charsets,
    is_half_width,
    resembles_east_asian,
)
from fusion.kernel.text import mixes_scripts

LETTERS: dict[str, tuple[str, ...]] = {
    "cp1252": (
        "äöüß",
        "àâæçéèêëîïôœùûüÿ",
        "éëïóöüèê",
        "áéíñóúüªº",
        "ãáàâçéêíõóôúü",
        "àéèìíòóù",
        "åäöé",
        "æøåéü",
    ),
    "cp1250": (
        "ąćęłńóśźż",
        "áčďéěíňóřšťúůýž",
        "áäčďéíĺľňóôŕšťúýž",
        "áéíóöőúüű",
        "čćđšž",
        "ăâîşţ",
        "äöüß",
    ),
    "mac_roman": (
        "äöüß",
        "àâæçéèêëîïôœùûüÿ",
        "éëïóöüèê",
        "áéíñóúü",
        "ãáàâçéêíõóôúü",
        "àéèìíòóù",
        "åäöé",
        "æøåéü",
    ),
    "cp1251": ("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"),
    "cp1253": ("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",),
    "cp1254": ("çğıöşüâîûİ",),
}
"""Python's name of a character set → the letters beyond ASCII of languages that use it, most
probable first."""

NAMES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16LE",
    "utf-16-be": "UTF-16BE",
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "mac_roman": "Mac Roman",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp932": "Shift_JIS",
    "gb18030": "GB18030",
    "cp950": "Big5",
    "euc_jp": "EUC-JP",
    "cp949": "EUC-KR",
}
"""Python's name of a character set → the name that people know."""

LABELS = {
    **{name.lower(): encoding for encoding, name in NAMES.items()},
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "utf-16": "utf-16-le",
    "iso-8859-1": "cp1252",
    "macintosh": "mac_roman",
    "shift-jis": "cp932",
    "windows-31j": "cp932",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "windows-949": "cp949",
    "ks_c_5601-1987": "cp949",
}
"""Lower-case labels of `charset=` → Python's name. Browsers, too, take ISO-8859-1 for cp1252, GBK
for GB 18030, and EUC-KR for its extension by Windows."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

PUNCTUATION = "’‘“”„–—…€£«»°§·´¨¿¡®™\xa0"
"""Signs that occur in lists of names in every language."""

ENOUGH = 0.9
"""Share of the characters beyond ASCII that must be letters or signs of the assumed set."""

MOST_ODD = 0.25
"""Share of the words with letters beyond ASCII that may be odd: `McKölln`, an abbreviation."""

VOWELS = frozenset("aeiouyаеёиоуыэюяіїєαεηιουω")

WORD = re.compile(r"[^\W\d_]+")

READ = 262_144
"""Bytes of which words are looked at."""

SAMPLE = 4_096
"""Bytes in which UTF-16 without a mark is recognised."""

ASCII = bytes(range(128))


@dataclass(frozen=True, slots=True)
class Charset:
    """A character set: Python's `encoding`, the length of the `mark` before the text, and whether
    it was only `assumed`."""

    encoding: str
    mark: int = 0
    assumed: bool = False

    @property
    def name(self) -> str:
        """The name that people know."""
        return NAMES[self.encoding]


def marked_charset(content: bytes) -> Charset | None:
    """The character set that a byte order mark names; None without one."""
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return Charset(encoding, len(mark))
    return None


def charsets_of(content: bytes) -> list[Charset]:
    """The character sets that a file without a mark may have: several if they cannot be told apart,
    none if it is in none of those known here.
    """
    encoding = _utf_16(content[:SAMPLE])
    if encoding:
        return [Charset(encoding)]
    if is_utf_8(content):
        return [Charset("utf-8")]
    # Words of a European language are what they seem, unless they may be of an East Asian one.
    old = _old(content)
    east_asian = east_asian_charsets(content)
    found = east_asian.likely
    if old is not None and not _odd_words(old.encoding, content[:READ]):
        found = [each for each in east_asian.possible if not is_half_width(content, each)]
        found.insert(0, old.encoding)
    elif old is not None and not east_asian.possible and not resembles_east_asian(content):
        found = [old.encoding]
    return [Charset(encoding, assumed=True) for encoding in found]


def _utf_16(sample: bytes) -> str:
    """UTF-16 without a mark: the header is ASCII, so every other byte is zero."""
    half = len(sample) // 2
    high, low = sample[1::2].count(0), sample[0::2].count(0)
    if high > 0.4 * half and low == 0:
        return "utf-16-le"
    return "utf-16-be" if low > 0.4 * half and high == 0 else ""


def is_utf_8(content: bytes) -> bool:
    """Whether the text is valid UTF-8."""
    return is_valid(content, "utf-8")


def lines_of_utf_8(content: bytes) -> int:
    """How many lines end before the first byte that is not UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start)
    return content.count(b"\n")


def _old(content: bytes) -> Charset | None:
    high = content.translate(None, ASCII)
    counts = {byte: high.count(byte) for byte in range(128, 256) if byte in high}
    best = max(
        LETTERS,
        key=lambda encoding: _likeness(encoding, counts)[0] - _odd_words(encoding, content[:READ]),
    )
    enough = _likeness(best, counts)[1] >= ENOUGH * len(high)
    words = len(_foreign_words(best, content[:READ]))
    odd = words and _odd_words(best, content[:READ]) > MOST_ODD * words
    return Charset(best, assumed=True) if enough and not odd else None


def _foreign_words(encoding: str, sample: bytes) -> list[str]:
    """The words with letters beyond ASCII."""
    words = WORD.findall(sample.decode(encoding, errors="replace"))
    return [word for word in words if not word.isascii()]


def _odd_words(encoding: str, sample: bytes) -> int:
    """How many words with letters beyond ASCII mix cases or scripts, or have no vowel."""
    return sum(_is_odd(word) for word in _foreign_words(encoding, sample))


def _is_odd(word: str) -> bool:
    if not (word.isupper() or word[1:].islower() or len(word) == 1) or mixes_scripts(word):
        return True
    letters = unicodedata.normalize("NFKD", word).lower()
    return len(word) > 3 and VOWELS.isdisjoint(letters)


def _likeness(encoding: str, counts: dict[int, int]) -> tuple[int, int]:
    """How many characters are letters of one language, and how many of any language or signs."""
    one = [0] * len(LETTERS[encoding])
    any_ = 0
    for byte, count in counts.items():
        languages, known = _meaning(encoding, byte)
        any_ += count * known
        for language in languages:
            one[language] += count
    return max(one), any_


@cache
def _meaning(encoding: str, byte: int) -> tuple[tuple[int, ...], bool]:
    """The languages of the character that this byte is, and whether anybody writes it."""
    character = bytes([byte]).decode(encoding, errors="replace")
    forms = (character, character.lower())
    languages = tuple(
        n for n, letters in enumerate(LETTERS[encoding]) if any(form in letters for form in forms)
    )
    return languages, bool(languages) or character in PUNCTUATION
