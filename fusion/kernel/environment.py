"""Every environment variable that Fusion reads, with its meaning: read here, documented here.

`make settings` writes this table into the operator's guide; a test compares the two.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from fusion.kernel.proxies import read_proxies


class SettingError(Exception):
    """An environment variable has an invalid value."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: the function that reads its text, its default and its description."""

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
    """An origin (scheme, host and port) without a trailing slash; empty stays empty."""
    parts = urlsplit(text.strip())
    if not text.strip():
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must start with https:// or http:// and contain a host")
    return text.strip().rstrip("/")


def _mailer(text: str) -> dict[str, Any]:
    """A mailer of Django: `files:`, `console:`, or `smtp://user:password@host:587`."""
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
                "the embedded server, with its data in `./var/postgres`."),
        Setting("FUSION_SECRET_KEY", str, "",
                "Signs sessions and links; at least 32 characters, the same for all processes. "
                "Empty: Fusion generates one and stores it in `./var/secret-key`. Set it if you "
                "use more than one machine."),
        Setting("FUSION_ALLOWED_HOSTS", _words, "localhost,127.0.0.1,[::1]",
                "Host names that Fusion serves, separated by commas. Requests for other hosts get "
                "400."),
        Setting("PORT", _number(), "8000",
                "Port of `fusion serve` and `fusion demo`; `--port` overrides it."),
        Setting("FUSION_DATABASE_POOL", _number(), "16",
                "Maximum number of database connections of one server process."),
        Setting("FUSION_DATABASE_POOL_WAIT", _number(), "8",
                "Seconds after its arrival that a request may wait for a database connection; then "
                "it gets 503."),
        Setting("FUSION_DATABASE_POOLER", _one_of("none", "transaction"), "none",
                "`transaction` if `DATABASE_URL` leads to a connection pooler such as PgBouncer, "
                "`none` if it leads to PostgreSQL itself."),
        Setting("FUSION_LOG_LEVEL", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO",
                "`DEBUG`, `INFO`, `WARNING` or `ERROR`."),
        Setting("FUSION_LOG_FORMAT", _one_of("json", "console"), "json",
                "`json` (one object per line) or `console` (for people)."),
        Setting("FUSION_BODY_SECONDS", _number(1), "20",
                "Seconds within which the whole body of a request must arrive; fifteen times as "
                "long for uploads and batches of authenticated callers. Later bodies get 408."),
        Setting("FUSION_TOKEN_SECONDS", _number(), "3600",
                "Seconds that an access token is valid."),
        Setting("FUSION_RATE_LIMIT", _number(), "0",
                "Requests per minute and API client that one server process admits; 0 for no "
                "limit."),
        Setting("FUSION_TOKEN_RATE_LIMIT", _number(), "0",
                "Token requests per minute and client address that one server process admits; 0 "
                "for no limit."),
        Setting("FUSION_TRUSTED_PROXIES", read_proxies, "",
                "Proxies whose `X-Forwarded-For` Fusion trusts: their networks, separated by "
                "commas (`10.0.0.0/8, ::1`), or the number of proxies in a chain. Empty: none; the "
                "address of the connection counts."),
        Setting("FUSION_IDEMPOTENCY_DAYS", _number(), "30",
                "Days that Fusion keeps the answer to an `Idempotency-Key`; the API promises at "
                "least 30."),
        Setting("FUSION_QUARANTINE_DAYS", _number(), "90",
                "Days from the release of a number until it is free again."),
        Setting("FUSION_CALL_LEASE_SECONDS", _number(1, 86_400), "120",
                "Seconds that a live call counts after its last renewal; 1 to 86,400."),
        Setting("FUSION_CALL_RECORD_MONTHS", _number(), "24",
                "Calendar months, besides the current one, that Fusion keeps call records. The "
                "database keeps at least as many as the last `fusion migrate` was given, so give "
                "it the same value."),
        Setting("FUSION_HTTPS", _boolean, "false",
                "Set it if people reach Fusion only by HTTPS: browsers then send cookies only by "
                "HTTPS. The proxy must set `X-Forwarded-Proto` itself and discard a caller's."),
        Setting("FUSION_SESSION_HOURS", _number(1), "12",
                "Hours after which a person must sign in again."),
        Setting("FUSION_EMAIL_URL", _mailer, "files:",
                "How Fusion sends e-mails: `smtp://user:password@host:587` (STARTTLS), `smtps://` "
                "(TLS) or `smtp+plain://` (neither). Without a mail server, `files:` stores each "
                "in `./var/mail` for 30 days, readable only by its owner. `console:` prints them "
                "in the worker's output, with their secret links."),
        Setting("FUSION_EMAIL_FROM", str, "fusion@localhost",
                "The sender of e-mails."),
        Setting("FUSION_PORTAL_URL", _origin, "",
                "URL of the portal, such as `https://portal.example.com`, for links in e-mails. "
                "Links of a group with its own host name use that name. Empty: e-mails of other "
                "groups contain only the path."),
        Setting("FUSION_DEMO", _boolean, "false",
                "Set by `fusion demo`: the sign-in page lists the demo accounts with their "
                "passwords. Never set it elsewhere."),
    )
}
# fmt: on


def setting(name: str) -> Any:
    """The value of a variable of `SETTINGS`; SettingError with the reason if it is invalid."""
    known = SETTINGS[name]
    text = os.environ.get(name, known.default)
    try:
        return known.read(text)
    except ValueError as error:
        raise SettingError(f"{name}={text!r}: {error}. {known.help}") from None


def explicit_setting(name: str) -> Any:
    """The same, but None if the environment does not have the variable."""
    return setting(name) if name in os.environ else None
