"""How this project connects: by DATABASE_URL, with our defaults for everything that it omits."""

import os
import re
from collections.abc import Mapping
from configparser import ConfigParser, Error
from pathlib import Path

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from fusion.kernel.environment import SettingError
from fusion.kernel.pooler import is_pooled

Parameters = dict[str, str]
"""Names and values of libpq."""

DEFAULTS = {
    "dbname": "fusion",
    "application_name": "fusion",
    "connect_timeout": "3",
    "keepalives_idle": "3",
    "keepalives_interval": "1",
    "keepalives_count": "5",
    "tcp_user_timeout": "8000",
}
"""The defaults, which the URL and libpq's environment variables (such as PGCONNECT_TIMEOUT)
override. They detect a lost host within eight seconds, also on idle connections."""

MANY_HOSTS = {"target_session_attrs": "read-write"}
"""The default for a URL with several hosts: connect to the primary."""

SESSION = {"idle_in_transaction_session_timeout": "60s"}
"""PostgreSQL's settings of each connection; the URL's `options` follow and override them."""

FORM = "DATABASE_URL is not valid: write postgresql://user:password@host:5432/name"

UNKNOWN = re.compile(r'invalid (URI query parameter|connection option)[: ]+"\w+"')


def connection_parameters(url: str) -> Parameters:
    """All parameters of a connection to `url`.

    SettingError for an invalid `url`; its text does not contain the password.
    """
    parameters = read_address(url)
    several = "," in parameters.get("host", "") or "," in parameters.get("hostaddr", "")
    known = _environment()
    for name, value in {**DEFAULTS, **(MANY_HOSTS if several else {})}.items():
        if name not in parameters and name not in known:
            parameters[name] = value
    if not is_pooled():  # a pooler does not pass options on
        options = parameters.get("options", known.get("options", ""))
        parameters["options"] = with_settings(SESSION, options)
    return parameters


def read_address(url: str) -> Parameters:
    """The parameters in `url`, and those of the service that it names."""
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        unknown = UNKNOWN.search(str(error))
        why = f" ({unknown[0]})" if unknown else ""  # the rest may contain the password
        raise SettingError(f"{FORM}{why}") from None
    parameters = {name: str(value) for name, value in parts.items() if value is not None}
    if "service" in parameters:
        parameters = {**_service(parameters["service"]), **parameters}
    return parameters


def with_settings(settings: Mapping[str, str], options: str = "") -> str:
    """The value of `options` with `settings`; the present `options` override them."""
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return f"{ours} {options}".strip()


def _environment() -> Parameters:
    """The parameters in libpq's environment variables, by their names."""
    named = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
    return {
        name: os.environ[variable.decode()]
        for name, variable in named.items()
        if variable and variable.decode() in os.environ
    }


def _service(name: str) -> Parameters:
    """The parameters of a service; empty if it is unknown, which libpq then reports."""
    places = [
        Path(os.environ.get("PGSERVICEFILE", "~/.pg_service.conf")).expanduser(),
        Path(os.environ.get("PGSYSCONFDIR", "/etc/postgresql-common"), "pg_service.conf"),
    ]
    for place in places:
        file = ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#")
        try:
            file.read(place, encoding="utf-8")
        except (OSError, Error, UnicodeError):
            continue
        if file.has_section(name):
            return dict(file.items(name))
    return {}
