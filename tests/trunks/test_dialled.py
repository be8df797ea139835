"""What was dialled, from what systems write: every form means the same, and no text fails."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trunks.calling import rows
from tests.trunks.dialling import DIALLED, ZEROS, addresses, in_script

READS = settings(suppress_health_check=[HealthCheck.too_slow])
"""A busy machine generates slowly; that is no fault of a strategy."""


def dialled(text: str) -> Any:
    """What the database makes of it."""
    [(found,)] = rows("SELECT trunks_dialled(%s::text)", text)
    return found


@READS
@given(DIALLED.flatmap(lambda number: st.tuples(st.just(number), addresses(number))))
def test_every_form_of_a_number_means_the_same(case: tuple[str, str]) -> None:
    number, text = case
    assert dialled(text) == number


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("１１２", "112"),
        ("＋３２ １１２", "+32112"),
        ("١١٢", "112"),
        ("1‐1‑2", "112"),
        ("1\u00a01\u200b2", "112"),
        ("sip:%EF%BC%91%ef%bc%91%EF%BC%92@example.com", "112"),
        ("sip:112%3Bphone-context=x@example.com", "112"),
        ("sip:112%40example.com@proxy.example.com", "112"),
        ("112\r\n", "112"),
        ("tel://112", "112"),
        ("<sip:112@example.com", "112"),
        ("urn:service:sos.fire", "urn:service:sos"),
        ("URN:SERVICE:SOS", "urn:service:sos"),
    ],
)
def test_forms_beyond_the_grammar(text: str, meaning: str) -> None:
    assert dialled(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "+",
            "%",
            "<>",
            '"',
            "sip:",
            "tel:@",
            "@112",
            "sip:@112",
            "++112",
            "112+",
            "12345+12",
        ),
        *("alice", "sip:alice@112", "sip:alice:112@h", '"112" <sip:alice@h>', "mailto:112@h"),
        *(
            "sip:%00112@h",
            "sip:112%FF@h",
            "112%",
            "112%4",
            "112%zz",
            "sip:%c0%b1@h",
            "one12",
            "112a",
        ),
        *("urn:service:sosx", "urn:service:test.sos", "urn:service:counseling", "urn:nena:sos"),
    ],
)
def test_texts_that_are_no_number(text: str) -> None:
    assert dialled(text) is None


def test_digits_of_all_scripts() -> None:
    for zero in ZEROS:
        assert dialled(in_script("+0123456789", zero)) == "+0123456789", hex(zero)


@READS
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60))
def test_no_text_fails(text: str) -> None:
    for each in (text, f"sip:{text}@example.com", f"<{text}>", f'"{text}" <sip:112@h>'):
        found = dialled(each)
        assert found is None or found == "urn:service:sos" or not set(found) - set("+0123456789*#")


@READS
@given(st.text('%0123456789abcdefABCDEF;:@<>"\\ +-.()[]', max_size=40))
def test_no_escapes_and_delimiters_fail(text: str) -> None:
    dialled(text)
    dialled(f"sip:{text}")
