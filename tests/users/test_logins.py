"""Logins that look alike are one, in the program and in the database."""

import sys
import unicodedata

from django.db import connection

from fusion.kernel.text import login_key


def test_python_and_the_database_agree_on_every_character() -> None:
    every = [
        character
        for character in map(chr, range(1, sys.maxunicode + 1))
        if unicodedata.category(character) not in ("Cs", "Cn", "Co")
    ]
    texts = [*every, *(f"a{each}\u0307z" for each in every)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT users_login_key(t) FROM unnest(%s::text[]) AS t", [texts])
        keys = [key for (key,) in cursor.fetchall()]
    differing = [text for text, key in zip(texts, keys, strict=True) if login_key(text) != key]
    # The two may know different versions of Unicode: the newest characters alone differ.
    assert len(differing) < 200, [f"{text!r}" for text in differing[:20]]
    assert not [text for text in differing if ord(text[0]) < 0x1C80 and len(text) == 1]
