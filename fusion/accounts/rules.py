"""The spelling of e-mail addresses, and the least length of passwords."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from fusion.kernel.text import clean_line, mixes_scripts, text_key

MAX_EMAIL = 254


MIN_PASSWORD = 12


def normal_email(text: str) -> str:
    """The normal spelling of an e-mail address, which identifies a person; ValueError if it is not
    one.

    Compatibility characters, case, and the full stops of other scripts are normalized.
    """
    try:
        email = text_key(clean_line(text)).replace("\u3002", ".")
    except ValueError as error:
        raise ValueError(f"must be an e-mail address: it {error}") from None
    mailbox, _, domain = email.rpartition("@")
    try:
        validate_email(email)
    except ValidationError:
        raise ValueError("must be an e-mail address") from None
    # Django accepts a few letters that fold to ASCII, such as a dotless i.
    if not mailbox.isascii():
        raise ValueError("must be an e-mail address with only ASCII characters before the @")
    if any(mixes_scripts(label) for label in domain.split(".")):
        raise ValueError("must be an e-mail address whose domain does not mix scripts")
    if len(email) > MAX_EMAIL:
        raise ValueError(f"must have at most {MAX_EMAIL} characters")
    return email
