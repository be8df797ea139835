"""How this project connects: what DATABASE_URL says, and our defaults for what it leaves open."""

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
"""Names and values as libpq knows them."""

DEFAULTS = {
    "dbname": "fusion",
    "application_name": "fusion",
    "connect_timeout": "3",
    "keepalives_idle": "3",
    "keepalives_interval": "1",
    "keepalives_count": "5",
    "tcp_user_timeout": "8000",
}
"""What holds where neither the address nor libpq's environment variables (PGCONNECT_TIMEOUT and the
like) say otherwise. A host that has vanished is noticed within eight seconds, connections to it
included over which nothing is being sent."""

MANY_HOSTS = {"target_session_attrs": "read-write"}
"""The default where the address names several hosts: the primary is wanted, whichever it is."""

SESSION = {"idle_in_transaction_session_timeout": "60s"}
"""PostgreSQL's own settings of each connection; `options` of the address come later and win."""

FORM = "DATABASE_URL is not valid: write postgresql://user:password@host:5432/name"

UNKNOWN = re.compile(r'invalid (URI query parameter|connection option)[: ]+"\w+"')


def connection_parameters(url: str) -> Parameters:
    """All that a connection to `url` is opened with.

    SettingError when `url` cannot be read; it does not repeat the password.
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
    """What `url` itself says, with what the service says that it names."""
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        unknown = re.search(
            r'invalid (?:URI query parameter|connection option)[: ]+"\w+"', str(error)
        )
        why = f" ({unknown[0]})" if unknown else ""  # the rest may show the password
        raise SettingError(f"{FORM}{why}") from None
    parameters = {name: str(value) for name, value in parts.items() if value is not None}
    if "service" in parameters:
        parameters = {**_service(parameters["service"]), **parameters}
    return parameters


def with_settings(settings: Mapping[str, str], options: str = "") -> str:
    """The value of `options` that makes `settings`; what stands in `options` already wins."""
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return f"{ours} {options}".strip()


def _environment() -> Parameters:
    """What libpq takes from environment variables, by the parameters' own names."""
    named = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
    return {
        name: os.environ[variable.decode()]
        for name, variable in named.items()
        if variable and variable.decode() in os.environ
    }


def _service(name: str) -> Parameters:
    """The parameters of a service; empty where libpq has to say that there is none."""
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
