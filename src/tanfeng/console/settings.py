"""Settings of the console, all of them from the home folder and a few environment variables.

==========================  ======================================================================
``TANFENG_HOME``            folder of database, uploads, runs and secret; default ``tanfeng-home``
``DATABASE_URL``            PostgreSQL instead of the embedded SQLite
``TANFENG_ALLOWED_HOSTS``   host names the console answers to, separated by commas
``TANFENG_HTTPS``           ``1`` behind TLS: secure cookies and HSTS
``TANFENG_TRUSTED_PROXY``   ``1`` behind a proxy that sets ``X-Forwarded-For``
``TANFENG_CITY``            name of the city in Chinese; ``TANFENG_CITY_EN`` in English
``TANFENG_DUE_DAY``         day of the next month by which a month must be reported; default 15
``TANFENG_TWO_FACTOR``      ``off``, ``optional`` (default) or ``government``: city, county and
                            administrators must enrol a second factor before they see anything
``TANFENG_IDLE_MINUTES``    a session nobody uses ends after this; default 30
``TANFENG_SESSION_HOURS``   every session ends after this; default 8
``TANFENG_SHARED_ADDRESSES``  distinct addresses one account may sign in from within 24 hours
                            before it is a finding; default 5
``TANFENG_SEPARATE_DUTIES``  ``1``: no administrator holds more than one duty
``TANFENG_OIDC_ISSUER``     single sign-on (OpenID Connect): address of the provider
``TANFENG_OIDC_CLIENT_ID``  how the provider calls this console
``TANFENG_OIDC_SECRET_FILE``  file with the client's secret
``TANFENG_OIDC_CLAIM``      claim that holds the account's name at single sign-on; default ``sub``
``TANFENG_OIDC_LABEL``      words on the button; default "Single sign-on" in both languages
``TANFENG_READINGS``        where readings are kept: a folder, or ``s3://bucket/path``, with the
                            store's variables (``AWS_ENDPOINT_URL``); default ``metering/readings``
``TANFENG_DROP``            folder in which gateways drop files; default ``drop`` at home
``TANFENG_PUSH_ROWS``       rows a minute one API key may push; default 3000000
``TANFENG_TIDY_HOUR``       hour of the night, 0 to 23 on the city's clock, in which files of
                          readings and of kept energy are put together; default 1; ``off``: never
``TANFENG_DEBUG``           ``1`` while developing
==========================  ======================================================================
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from tanfeng.metering.place import readings_place

HOME = Path(os.environ.get("TANFENG_HOME", "tanfeng-home")).resolve()
DEBUG = os.environ.get("TANFENG_DEBUG") == "1"
HTTPS = os.environ.get("TANFENG_HTTPS") == "1"
TRUSTED_PROXY = os.environ.get("TANFENG_TRUSTED_PROXY") == "1"


def _number(name: str, default: int) -> int:
    """Read a positive whole number."""
    text = os.environ.get(name, "") or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise ImproperlyConfigured(f"{name} is {text!r}: a positive whole number is needed")
    return int(text)


def _choice(name: str, *allowed: str, default: str) -> str:
    """Read one of a few words."""
    text = os.environ.get(name, "") or default
    if text not in allowed:
        raise ImproperlyConfigured(f"{name} is {text!r}: one of {', '.join(allowed)} is needed")
    return text


def _secret_key() -> str:
    """Read the installation's secret, making one readable by its owner alone on first use."""
    path = HOME / "secret.key"
    if not path.exists():
        HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = [
    host for host in os.environ.get("TANFENG_ALLOWED_HOSTS", "").split(",") if host
] or ["127.0.0.1", "localhost", "[::1]", "testserver"]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if HTTPS else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "django_htmx",
    "ninja",
    "tanfeng.console.core",
    "tanfeng.console.archive",
    "tanfeng.console.library",
    "tanfeng.console.accounting",
    "tanfeng.console.metering",
    "tanfeng.console.closing",
    "tanfeng.console.energy",
    "tanfeng.console.forecast",
    "tanfeng.console.plan",
    "tanfeng.console.registers.mrv",
    "tanfeng.console.registers.reconciliation",
    "tanfeng.console.registers.budget",
    "tanfeng.console.registers.market",
    "tanfeng.console.quality",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tanfeng.console.core.middleware.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tanfeng.console.core.middleware.client_address",
    "tanfeng.console.core.middleware.limit_body",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tanfeng.console.core.middleware.RecordRefusals",
    "tanfeng.console.core.middleware.session_limits",
    "tanfeng.console.core.middleware.sign_in_required",
    "tanfeng.console.core.middleware.own_password_required",
    "tanfeng.console.core.middleware.second_factor_required",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "tanfeng.console.urls"
WSGI_APPLICATION = "tanfeng.console.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tanfeng.console.core.context.shell",
            ],
        },
    }
]

DATABASES = {
    "default": dj_database_url.config(
        default=f"sqlite:///{HOME / 'tanfeng.sqlite3'}", conn_max_age=600, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # Writers queue instead of failing: take the write lock at BEGIN, wait up to 20 s.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # 8 MB of pages a connection in place of 2: the indexes of a long list stay in memory.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA cache_size=-8000;",
    }

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
_VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATORS}.NumericPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
#: With the two wider limits of ``core.throttle``.
AXES_HANDLER = "tanfeng.console.core.throttle.Handler"
#: Trying on while locked makes the lock no longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
#: What a person typed stays out of the table of tries, one-time and recovery codes included.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code"]
AXES_LOCKOUT_TEMPLATE = "core/locked.html"
AXES_VERBOSE = False
#: ``off``, ``optional`` or ``government``.
TWO_FACTOR = _choice(
    "TANFENG_TWO_FACTOR", "off", "optional", "government", default="optional"
)  # fmt: skip
#: Distinct addresses within 24 hours that make an account look shared.
SHARED_ADDRESSES = _number("TANFENG_SHARED_ADDRESSES", 5)
SEPARATE_DUTIES = os.environ.get("TANFENG_SEPARATE_DUTIES") == "1"
#: Single sign-on is off, and no request leaves the house, unless an issuer is named.
OIDC = {
    "issuer": os.environ.get("TANFENG_OIDC_ISSUER", ""),
    "client_id": os.environ.get("TANFENG_OIDC_CLIENT_ID", ""),
    "secret_file": os.environ.get("TANFENG_OIDC_SECRET_FILE", ""),
    "claim": os.environ.get("TANFENG_OIDC_CLAIM", "") or "sub",
    "label": os.environ.get("TANFENG_OIDC_LABEL", ""),
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [Path(__file__).parent / "locale"]
#: The city the accounts speak of, as headlines and briefs name it.
CITY_NAMES = {
    "zh": os.environ.get("TANFENG_CITY", "福州市"),
    "en": os.environ.get("TANFENG_CITY_EN", "Fuzhou"),
}
#: Day of the month after, by which a month must be reported. The city's own rule, 1 to 28.
REPORT_DUE_DAY = min(max(int(os.environ.get("TANFENG_DUE_DAY", "15")), 1), 28)
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATICFILES_DIRS = [Path(__file__).parent / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

#: Uploaded files and frozen runs; never served directly, only through views that ask for rights.
UPLOADS = HOME / "uploads"
RUNS = HOME / "runs"
#: What a reading of an upload found, and the files jobs made. Both can be made again.
PARSED = HOME / "parsed"
RESULTS = HOME / "results"
#: One lock file per process that works on jobs.
WORKERS = HOME / "workers"
#: Register of the meters, readings and what is on its way to them.
METERING = HOME / "metering"
#: Folder or URL of the readings' table.
_READINGS = readings_place(METERING, os.environ)
READINGS = _READINGS.uri
#: Address and keys of an object store, from the environment; never shown.
READINGS_SECRET_OPTIONS = _READINGS.storage_options
#: A folder in it for every gateway that drops files, by the number of the gateway.
DROP = Path(os.environ.get("TANFENG_DROP", "") or HOME / "drop")
#: Hour of the day in which files are put together, on the city's clock; None: never.
_TIDY_HOUR = _choice("TANFENG_TIDY_HOUR", "off", *map(str, range(24)), default="1")
TIDY_HOUR = None if _TIDY_HOUR == "off" else int(_TIDY_HOUR)
#: Rows one API key may push in a minute before it is told to wait.
PUSH_ROWS = _number("TANFENG_PUSH_ROWS", 3_000_000)
#: Largest batch of readings a gateway may push. [byte]
PUSH_LIMIT_BYTES = 8 * 1024 * 1024
JOBS_DATABASE = HOME / "jobs.sqlite3"
#: Jobs run inside the request, for tests and the command line.
JOBS_IMMEDIATE = os.environ.get("TANFENG_JOBS_IMMEDIATE") == "1"
#: Largest file a form may be uploaded as. [byte]
UPLOAD_LIMIT_BYTES = 20 * 1024 * 1024
#: Largest request of any kind: a form and the fields around it. [byte]
BODY_LIMIT_BYTES = UPLOAD_LIMIT_BYTES + 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
#: Every session ends after this, however busy; one nobody uses ends earlier. [s]
SESSION_COOKIE_AGE = _number("TANFENG_SESSION_HOURS", 8) * 3600
SESSION_IDLE_S = _number("TANFENG_IDLE_MINUTES", 30) * 60
#: The browser takes a cookie of this name over TLS, for this host and the whole site only.
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "tanfeng.console.core.views.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
