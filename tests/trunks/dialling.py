"""How people and systems write a dialled number: forms for tests, and what each of them means."""

import unicodedata
from urllib.parse import quote

from hypothesis import strategies as st

DIALLED = st.from_regex(r"\+?[0-9*#]{1,12}", fullmatch=True)
"""What somebody dialled."""

HOSTS = st.sampled_from(
    [
        "gateway.example.com",
        "192.0.2.1:5060",
        "[2001:db8::1]:5060",
        "112",
        "pbx;user=phone",
        "a?b=c",
    ]
)
PARAMETERS = st.sampled_from(
    ["", ";phone-context=+32", ";phone-context=example.com", ";npdi", ";rn=+32;npdi", ";isub=1"]
)
NAMES = st.sampled_from(["", '"Help" ', "Help ", '"a<b\\" 112" ', '"é" '])
SEPARATORS = "-.() /,"


@st.composite
def separated(draw: st.DrawFn, dialled: str, separators: str = SEPARATORS) -> str:
    """The digits, with what people write between them."""
    return "".join(c + draw(st.text(separators, max_size=2)) for c in dialled)


@st.composite
def escaped(draw: st.DrawFn, user: str) -> str:
    """Some or all characters as `%xx`, in either case; what a URI needs escaped always is."""
    parts = []
    for character in user:
        code = quote(character, safe="") if character in "# %" or ord(character) > 126 else ""
        code = code or (f"%{ord(character):02x}" if draw(st.booleans()) else character)
        parts.append(code.upper() if draw(st.booleans()) else code)
    return "".join(parts)


@st.composite
def uris(draw: st.DrawFn, dialled: str, separators: str = SEPARATORS) -> str:
    """A SIP or tel URI, or the dialled string itself, with parameters."""
    scheme = draw(st.sampled_from(["", "sip:", "sips:", "tel:", "SIP:", "Tel:"]))
    user = draw(separated(dialled, separators))
    if scheme.lower() in ("", "tel:"):
        return scheme + user + draw(PARAMETERS)
    user = draw(escaped(user)) + draw(PARAMETERS) + draw(st.sampled_from(["", ":secret"]))
    return f"{scheme}{user}@{draw(HOSTS)}"


@st.composite
def addresses(draw: st.DrawFn, dialled: str) -> str:
    """The same, perhaps with a display name in front, in brackets, or with spaces around."""
    uri = draw(uris(dialled))
    name = draw(NAMES)
    around = draw(st.sampled_from(["", " ", "\t"]))
    written = f"{name}<{uri}>{draw(st.sampled_from(['', ';tag=1']))}"
    return around + (written if name or draw(st.booleans()) else uri) + around


ZEROS = [
    code for code in range(0x110000) if unicodedata.decimal(chr(code), None) == 0 and code != 0x30
]
"""The zeros of all scripts but ASCII; nine digits follow each."""


def in_script(digits: str, zero: int) -> str:
    """The digits in the script with that zero."""
    return "".join(chr(zero + int(c)) if c.isdecimal() else c for c in digits)
