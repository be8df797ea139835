"""Every environment variable that Fusion reads, with its meaning: read here, documented here.

`make settings` writes this table into the operator's guide; a test holds the two together.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from fusion.kernel.proxies import read_proxies


class SettingError(Exception):
    """An environment variable has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: how its text is read, what holds without it, and what it is for."""

    name: str
    read: Callable[[str], Any]
    default: str
    help: str


def _boolean(text: str) -> bool:
    try:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
            text.strip().lower()
        ]
    except KeyError:
        raise ValueError("must be true or false") from None


def _number(least: int = 0, most: int | None = None) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if number < least or (most is not None and number > most):
            raise ValueError(
                f"must be {least} or more" if most is None else f"must be from {least} to {most}"
            )
        return number

    return read


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        for word in words:
            if word.lower() == text.strip().lower():
                return word
        raise ValueError(f"must be one of {', '.join(words)}")

    return read


MAILERS = {
    "console": "django.core.mail.backends.console.EmailBackend",
    "files": "fusion.portal.mails.files.Files",
}


def _origin(text: str) -> str:
    """The beginning of an address, without a slash at its end; empty stays empty."""
    parts = urlsplit(text.strip())
    if not text.strip():
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must start with https:// or http:// and contain a host")
    return text.strip().rstrip("/")


def _mailer(text: str) -> dict[str, Any]:
    """What Django calls a mailer: `files:`, `console:`, or `smtp://user:password@host:587`."""
    parts = urlsplit(text)
    if text in ("console:", "files:"):
        return {"BACKEND": MAILERS[parts.scheme]}
    if parts.scheme not in ("smtp", "smtps", "smtp+plain") or not parts.hostname:
        raise ValueError(
            "must be files: or console:, or an smtp://, smtps:// or smtp+plain:// URL with a host"
        )
    secure = parts.scheme == "smtps"
    options = {
        "host": parts.hostname,
        "port": parts.port or (465 if secure else 587),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_ssl": secure,
        "use_tls": parts.scheme == "smtp",
        "timeout": 15,
    }
    return {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


# fmt: off
SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("DATABASE_URL", str, "",
                "PostgreSQL 15 or newer, as `postgresql://user:password@host:5432/name`. Empty: "
                "the embedded server."),
        Setting("FUSION_SECRET_KEY", str, "",
                "Signs sessions and links; at least 32 characters, the same for all processes. "
                "Empty: made once and kept in `./var/secret-key`. Set it when there is more than "
                "one machine."),
        Setting("FUSION_ALLOWED_HOSTS", _words, "localhost,127.0.0.1,[::1]",
                "Host names that requests may be addressed to, separated by commas. Other "
                "requests get 400."),
        Setting("PORT", _number(), "8000",
                "Port that `fusion serve` and `fusion demo` listen on; `--port` goes before it."),
        Setting("FUSION_DATABASE_POOL", _number(), "16",
                "Most database connections that one server process holds."),
        Setting("FUSION_DATABASE_POOL_WAIT", _number(), "8",
                "Seconds from its arrival on that a request waits for a database connection "
                "before it is answered 503."),
        Setting("FUSION_DATABASE_POOLER", _one_of("none", "transaction"), "none",
                "`transaction` where `DATABASE_URL` leads to a connection pooler such as "
                "PgBouncer, `none` where it leads to PostgreSQL itself."),
        Setting("FUSION_LOG_LEVEL", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO",
                "`DEBUG`, `INFO`, `WARNING` or `ERROR`."),
        Setting("FUSION_LOG_FORMAT", _one_of("json", "console"), "json",
                "`json` (one object per line) or `console` (for people)."),
        Setting("FUSION_BODY_SECONDS", _number(1), "20",
                "Seconds within which the whole body of a request must have come; fifteen times "
                "as long for uploads and batches of callers who are known. What comes later is "
                "refused with 408."),
        Setting("FUSION_TOKEN_SECONDS", _number(), "3600",
                "How long an access token is valid."),
        Setting("FUSION_RATE_LIMIT", _number(), "0",
                "Requests per minute and API client that one server process admits; 0 for no "
                "limit."),
        Setting("FUSION_TOKEN_RATE_LIMIT", _number(), "0",
                "Token requests per minute and address that one server process admits; 0 for no "
                "limit."),
        Setting("FUSION_TRUSTED_PROXIES", read_proxies, "",
                "Proxies whose `X-Forwarded-For` is believed: their networks, separated by "
                "commas (`10.0.0.0/8, ::1`), or how many there are one behind the other. Empty: "
                "none, the address of the connection counts."),
        Setting("FUSION_IDEMPOTENCY_DAYS", _number(), "30",
                "Days that the answer to an `Idempotency-Key` is kept; the contract says 30 at "
                "least."),
        Setting("FUSION_QUARANTINE_DAYS", _number(), "90",
                "Days that a released number rests before it is free again."),
        Setting("FUSION_CALL_LEASE_SECONDS", _number(1, 86_400), "120",
                "Seconds that a live call counts without being renewed; 1 to 86,400."),
        Setting("FUSION_CALL_RECORD_MONTHS", _number(), "24",
                "Whole calendar months, besides the present one, that call records are kept. The "
                "database keeps at least as many as `fusion migrate` was last given: give it the "
                "same."),
        Setting("FUSION_HTTPS", _boolean, "false",
                "Set it where people reach Fusion by HTTPS only: cookies are then sent by HTTPS "
                "alone. The proxy must set `X-Forwarded-Proto`, and must not let callers do so."),
        Setting("FUSION_SESSION_HOURS", _number(1), "12",
                "Hours after which someone who has signed in must do so again."),
        Setting("FUSION_EMAIL_URL", _mailer, "files:",
                "Where e-mails are handed over: `smtp://user:password@host:587` (STARTTLS), "
                "`smtps://` (TLS), `smtp+plain://` (neither), `files:` (each in a file of "
                "`./var/mail` that its owner alone may read, for 30 days), or `console:` "
                "(printed by the worker, secret links too)."),
        Setting("FUSION_EMAIL_FROM", str, "fusion@localhost",
                "The sender of e-mails."),
        Setting("FUSION_PORTAL_URL", _origin, "",
                "Where people reach the portal, such as `https://portal.example.com`: for links "
                "in e-mails. A group with a host name of its own gets links to that. Empty: "
                "e-mails of all other groups contain only the path, which readers have to put "
                "behind the portal's address."),
        Setting("FUSION_DEMO", _boolean, "false",
                "Set by `fusion demo`: the sign-in page lists the demonstration's log-ins, with "
                "their passwords. Never set it elsewhere."),
    )
}
# fmt: on


def setting(name: str) -> Any:
    """The value of a variable of `SETTINGS`; SettingError says what is wrong with it."""
    known = SETTINGS[name]
    text = os.environ.get(name, known.default)
    try:
        return known.read(text)
    except ValueError as error:
        raise SettingError(f"{name}={text!r}: {error}. {known.help}") from None


def given(name: str) -> Any:
    """The same, but None where the environment does not have the variable."""
    return setting(name) if name in os.environ else None
