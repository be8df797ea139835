"""Whether bytes are valid in a character set, without a copy of the whole text."""

import codecs

PIECE = 65_536


def is_valid(content: bytes, encoding: str) -> bool:
    """Whether the text is valid in the character set; reads it piece by piece."""
    decoder = codecs.getincrementaldecoder(encoding)()
    pieces = (content[start : start + PIECE] for start in range(0, len(content), PIECE))
    try:
        for piece in pieces:
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
