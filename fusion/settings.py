"""Django's settings, from the environment variables of `fusion.kernel.environment`."""

import os
import secrets
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from fusion.kernel.environment import SettingError, setting

VAR = Path.cwd() / "var"
"""Where a checkout keeps what it makes: the embedded database, keys, the demo's facts."""


def _secret_key() -> str:
    key: str = setting("FUSION_SECRET_KEY")
    if key:
        if len(key) < 32:
            raise SettingError("FUSION_SECRET_KEY must have at least 32 characters")
        return key
    file = VAR / "secret-key"
    if not file.exists():
        VAR.mkdir(exist_ok=True)
        draft = file.with_name(f"secret-key.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, file)  # fails when another process was first: its key counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text()


def _database() -> dict[str, object]:
    parts = conninfo_to_dict(setting("DATABASE_URL"))
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST"}
    database: dict[str, object] = {
        django: parts.pop(libpq) for libpq, django in known.items() if libpq in parts
    }
    options = f"-c idle_in_transaction_session_timeout=60s {parts.pop('options', '')}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "fusion",
        **database,
        "PORT": str(parts.pop("port", "")),
        # The first statement of a request finds out (kernel/database.py), at no cost.
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {
            **parts,
            "options": options,
            "application_name": "fusion",
            "prepare_threshold": 3,
            "server_side_binding": True,
            "pool": {
                "min_size": 1,
                "max_size": setting("FUSION_DATABASE_POOL"),
                "timeout": setting("FUSION_DATABASE_POOL_WAIT"),
            },
        },
    }


SECRET_KEY = _secret_key()
DEBUG = False
DEMO = setting("FUSION_DEMO")
ALLOWED_HOSTS = setting("FUSION_ALLOWED_HOSTS")
ROOT_URLCONF = "fusion.urls"
WSGI_APPLICATION = "fusion.wsgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "oauth2_provider",
    "procrastinate.contrib.django",
    "ninja",
    "fusion.events",
    "fusion.tenancy",
    "fusion.ledger",
    "fusion.catalogue",
    "fusion.numbers",
    "fusion.users",
    "fusion.trunks",
    "fusion.ordering",
    "fusion.lifecycle",
    "fusion.billing",
    "fusion.portal",
]

MIDDLEWARE = ["fusion.edge.middleware.Edge"]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
    }
]

LOGGING_CONFIG = "fusion.edge.logs.configure"
LOGGING = {"level": setting("FUSION_LOG_LEVEL"), "format": setting("FUSION_LOG_FORMAT")}

DATABASES = {"default": _database()}

AUTH_USER_MODEL = "tenancy.User"
# The first one hashes passwords; the second is for the secrets of API clients alone.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "fusion.tenancy.hashers.SecretHasher",
]

OAUTH2_PROVIDER_APPLICATION_MODEL = "tenancy.ApiClient"
OAUTH2_PROVIDER = {
    "SCOPES_BACKEND_CLASS": "fusion.tenancy.scopes.ClientScopes",
    "CLIENT_SECRET_HASHER": "client_secret_sha256",
    "ACCESS_TOKEN_EXPIRE_SECONDS": setting("FUSION_TOKEN_SECONDS"),
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    # Token storage is the one that counts here: of a token only its checksum is kept.
    **{
        f"COMPLIANT_BCP_RFC9700_{practice}": True
        for practice in (
            "TOKEN_STORAGE",
            "ACCESS_TOKEN_TRANSPORT",
            "AUTHZ_RESPONSE_ISS",
            "IMPLICIT_GRANT",
            "PASSWORD_GRANT",
            "PKCE_METHOD",
            "PKCE_REQUIRED",
            "REDIRECT_URI_MATCHING",
            "REDIRECT_URI_SCHEME",
            "REFRESH_TOKEN",
        )
    },
}

# The largest body of any route; each route's own limit is held by the edge (fusion.kernel.http).
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
