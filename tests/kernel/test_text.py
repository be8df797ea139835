"""Text from outside is what it looks like."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from fusion.kernel.fields import Name, Note
from fusion.kernel.stream import csv_cell
from fusion.kernel.text import (
    LINE,
    LINE_WITH_TEXT,
    REFUSED_BEYOND,
    Unclean,
    clean_line,
    clean_note,
    clean_signalling,
    mixes_scripts,
    text_key,
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (" a ", "a"),
        ("\ufeffa", "a"),
        ("a\u00a0b", "a b"),
        ("a\u3000b", "a b"),
        ("e\u0301", "é"),
        ("so\u00adft", "soft"),
        ("\u2764\ufe0f", "\u2764"),
        ("a\n", "a"),
        ("\u2003a\u2003", "a"),
        ("日本 語", "日本 語"),
        ("", ""),
    ],
)
def test_harmless_characters_are_removed(text: str, kept: str) -> None:
    assert clean_line(text) == kept


@pytest.mark.parametrize(
    ("text", "position", "character"),
    [
        ("a\nb", 2, "U+000A"),
        ("a\tb", 2, "U+0009"),
        ("  a\x00", 4, "U+0000"),
        ("\x1b[31mred", 1, "U+001B"),
        ("a\x7f", 2, "U+007F"),
        ("a\x85b", 2, "U+0085"),
        ("\u202ea", 1, "U+202E"),
        ("a\u2066b", 2, "U+2066"),
        ("a\u200b", 2, "U+200B"),
        ("a\u200db", 2, "U+200D"),
        ("\u00ada\u2060b", 3, "U+2060"),
        ("a\u2028b", 2, "U+2028"),
        ("a\u3164", 2, "U+3164"),
        ("a\u2800b", 2, "U+2800"),
        ("a\ufffd", 2, "U+FFFD"),
        ("a\ufffcb", 2, "U+FFFC"),
        ("a\U000e0041", 2, "U+E0041"),
        ("a\ud800", 2, "U+D800"),
    ],
)
def test_hidden_characters_are_refused_with_their_position(
    text: str, position: int, character: str
) -> None:
    with pytest.raises(Unclean) as refusal:
        clean_line(text)
    assert (refusal.value.position, refusal.value.character) == (position, character)
    assert str(position) in str(refusal.value)
    assert ("line break" if character == "U+000A" else character) in str(refusal.value)
    assert clean_signalling(text) == clean_line(
        "".join(each for each in text if f"U+{ord(each):04X}" != character)
    )


def test_a_note_has_lines() -> None:
    assert clean_note(" a\r\nb\rc\n ") == "a\nb\nc"
    for text in ("a\tb", "a\x0bb", "a\u2028b", "a\u200bb"):
        with pytest.raises(Unclean):
            clean_note(text)


@given(st.text())
def test_clean_texts_stay_unchanged(text: str) -> None:
    try:
        cleaned = clean_line(text)
    except Unclean:
        return
    assert clean_line(cleaned) == cleaned
    assert cleaned == cleaned.strip() == unicodedata.normalize("NFC", cleaned)
    assert all(unicodedata.category(each) not in ("Cc", "Zl", "Zp") for each in cleaned)


@given(st.from_regex(LINE_WITH_TEXT, fullmatch=True) | st.from_regex(LINE, fullmatch=True))
def test_the_document_s_pattern_describes_the_accepted_texts(text: str) -> None:
    if len(text) <= 200 and not re.search(f"[{REFUSED_BEYOND}]", text):
        assert TypeAdapter(Note).validate_python(text) is not None


def test_blank_texts_are_refused_as_names() -> None:
    for text in ("", "  ", "\u00a0", "\u00ad", "\ufeff \ufe0f"):
        with pytest.raises(ValidationError, match="must not be blank"):
            TypeAdapter(Name).validate_python(text)


def test_keys_of_logins() -> None:
    assert {text_key(each) for each in ("ISTANBUL", "İstanbul", "istanbul")} == {"istanbul"}
    assert text_key("Straße") == text_key("STRASSE")
    assert text_key("ＡＢＣ") == "abc"
    assert text_key("é") == text_key("e\u0301")


@pytest.mark.parametrize(
    ("login", "mixed"),
    [
        ("p\u0430ypal", True),
        ("\u0391dmin", True),
        ("\u043f\u0440\u0438\u0432\u0435\u0442", False),
        ("\u043f\u0440\u0438\u0432\u0435\u04421@x", True),
        ("\u03b1\u03b2\u03b3-1", False),
        ("naïve.1", False),
        ("日本a", False),
    ],
)
def test_scripts_that_look_alike(login: str, mixed: bool) -> None:
    assert mixes_scripts(login) is mixed


@pytest.mark.parametrize(
    "cell",
    ["=1", "+1", "-1", "@a", "\t1", "\r1", "\n=1", "\na", "＝1", "＋1", "－1", "＠a", " =1",
     "\u00a0=1", "\u3000＋1", "  -1", "\u200b=1", "\ufeff=1", "﹦1"],
)  # fmt: skip
def test_cells_that_a_spreadsheet_would_compute(cell: str) -> None:
    assert csv_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["a=1", "1-2", "+3225551234", "", " a", "é", "_", "(-1)"])
def test_other_cells(cell: str) -> None:
    assert csv_cell(cell) == cell
