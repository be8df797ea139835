"""The hidden fields of a page with a preview, as its button sends them."""

import re


def shown(page: str) -> str:
    """The checksum in the form of a preview."""
    [tag] = re.findall(r'<input[^>]*name="shown"[^>]*>', page)
    return str(re.findall(r'value="([0-9a-f]+)"', tag)[0])


def key(page: str) -> str:
    """The one-time key in the form of a preview."""
    return page.split('name="once" value="')[1].split('"', maxsplit=1)[0]
