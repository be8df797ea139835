"""Django's settings, from the environment variables of `fusion.kernel.environment`."""

import os
import secrets
from pathlib import Path

from fusion.accounts.rules import MIN_PASSWORD
from fusion.kernel.environment import SettingError, setting
from fusion.kernel.pooler import is_pooled
from fusion.kernel.postgresql.parameters import connection_parameters

VAR = Path.cwd() / "var"
"""The directory of a checkout's files: the embedded database, keys, the demo's facts."""


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
            os.link(draft, file)  # fails if another process was first: its key counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text()


def _database() -> dict[str, object]:
    parameters = dict(connection_parameters(setting("DATABASE_URL")))
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST"}
    return {
        "ENGINE": "fusion.kernel.postgresql",
        "NAME": "",
        **{django: parameters.pop(libpq, "") for libpq, django in known.items()},
        "PORT": parameters.pop("port", ""),
        # The first statement of a request detects dead connections (kernel/database.py) at no
        # cost.
        "CONN_HEALTH_CHECKS": False,
        "DISABLE_SERVER_SIDE_CURSORS": is_pooled(),  # cursors that outlive their transaction
        "OPTIONS": {
            **parameters,
            # A pooler assigns a session for one transaction: leave no state in it.
            **({} if is_pooled() else {"prepare_threshold": 3}),
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
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français"), ("de", "Deutsch"), ("nl", "Nederlands")]
FORMAT_MODULE_PATH = "fusion.portal.formats"
USE_THOUSAND_SEPARATOR = True
LOCALE_PATHS = [Path(__file__).parent / "portal" / "locale"]
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "fusion.edge.static.NamedByContent"},
}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "fusion.portal",  # before allauth: our templates override its templates of the same name
    "allauth",
    "fusion.portal.account.apps.Accounts",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "oauth2_provider",
    "procrastinate.contrib.django",
    "ninja",
    "fusion.access",
    "fusion.tenancy",
    "fusion.events",
    "fusion.accounts",
    "fusion.clients",
    "fusion.branding",
    "fusion.ledger",
    "fusion.catalogue",
    "fusion.numbers",
    "fusion.users",
    "fusion.trunks",
    "fusion.ordering",
    "fusion.lifecycle",
    "fusion.reporting",
    "fusion.jobs",
]

PROBLEM_PAGE = "fusion.portal.error_pages.problem_page"
"""The function that renders a refusal for a browser: `edge` imports no page."""

MIDDLEWARE = ["fusion.edge.middleware.Edge", "fusion.portal.middleware.Pages"]
# Middleware of pages, which the API does not need: `Pages` runs it only for pages.
PAGE_MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "fusion.portal.session_actor.SessionActorMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "fusion.portal.context.base_context",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.l10n",
                "django.templatetags.static",
                "django.templatetags.tz",
                "fusion.portal.templatetags.kit",
            ],
        },
    }
]
FORM_RENDERER = "fusion.portal.forms.Renderer"

LOGGING_CONFIG = "fusion.edge.logs.configure"
LOGGING = {"level": setting("FUSION_LOG_LEVEL"), "format": setting("FUSION_LOG_FORMAT")}

DATABASES = {"default": _database()}

# People: sessions, cookies, passwords.
HTTPS = setting("FUSION_HTTPS")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = setting("FUSION_SESSION_HOURS") * 3600
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "fusion.portal.error_pages.csrf_failure"
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Counts of sign-in attempts must be shared by all server processes.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

AUTH_USER_MODEL = "tenancy.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail is unique, ignoring case: an index says so
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("MinimumLengthValidator", {"min_length": MIN_PASSWORD}),
        ("UserAttributeSimilarityValidator", {"user_attributes": ["email"]}),
        ("CommonPasswordValidator", {}),
    )
]
PASSWORD_RESET_TIMEOUT = 24 * 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "fusion.portal.account.adapter.Accounts"
ACCOUNT_FORMS = {
    "login": "fusion.portal.account.forms.SignInForm",
    "reauthenticate": "fusion.portal.account.forms.ConfirmForm",
    "reset_password": "fusion.portal.account.forms.ForgottenForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_ENABLED = False
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # the other sessions still end
# `fusion.portal.account.limits` limits passwords; "login_failed" is only for the codes of second
# factors, whose key is the person.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": "5/5m/key",
    "reset_password": "60/5m/ip,5/h/key",
    "reset_password_from_key": "60/5m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = "Fusion"
MFA_FORMS = {"activate_totp": "fusion.portal.account.second_factor.ActivateForm"}
MFA_ADAPTER = "fusion.portal.account.adapter.SecondFactors"

MAILERS = {
    "default": {"BACKEND": "fusion.portal.mails.outbox.Outbox"},
    "transport": setting("FUSION_EMAIL_URL"),
}
DEFAULT_FROM_EMAIL = setting("FUSION_EMAIL_FROM")

# The first one hashes passwords, the second only the secrets of API clients.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "fusion.clients.hashers.SecretHasher",
]

OAUTH2_PROVIDER_APPLICATION_MODEL = "tenancy.ApiClient"
OAUTH2_PROVIDER = {
    "SCOPES_BACKEND_CLASS": "fusion.clients.oauth_scopes.ClientScopes",
    "CLIENT_SECRET_HASHER": "client_secret_sha256",
    "ACCESS_TOKEN_EXPIRE_SECONDS": setting("FUSION_TOKEN_SECONDS"),
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    # TOKEN_STORAGE is the relevant one: only the checksum of a token is stored.
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

# The largest body of any route; the edge enforces each route's limit (fusion.kernel.http).
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
# Far more than any form needs, so that the form itself can report too many ticked numbers.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
