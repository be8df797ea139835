"""What people write for an emergency number: separators are read as in every phone number."""

from fusion.numbers.blocks import digits_of
from fusion.numbers.written import canonical, shown, without_wrapping

SEPARATORS = frozenset("0123456789 -./()")


def read_emergency_number(text: str) -> str:
    """The digits of the emergency number; ValueError names the value and what is wrong with it."""
    value = shown(text)
    written = without_wrapping(canonical(text))
    digits = digits_of(written)
    if any(character.isalpha() for character in written):
        raise ValueError(f"“{value}” has letters; write the 2 to 6 digits that people dial")
    strange = next((character for character in written if character not in SEPARATORS), None)
    if strange is not None:
        name = strange if strange.isprintable() else f"U+{ord(strange):04X}"
        raise ValueError(
            f"“{value}” has {name}, which is not part of an emergency number; write 2 to 6 digits "
            "without prefixes"
        )
    if not digits:
        raise ValueError(f"“{value}” has no digits; write an emergency number of 2 to 6 digits")
    if not 2 <= len(digits) <= 6:
        raise ValueError(f"“{value}” has {len(digits)} digits; an emergency number has 2 to 6")
    return digits
