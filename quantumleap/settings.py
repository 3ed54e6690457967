"""All settings, from the environment (and `.env`). The README's table says what each is; a test holds the two together."""

import secrets
from decimal import Decimal
from pathlib import Path

from environs import Env

from quantumleap.broker import live_broker
from quantumleap.logs import logging_settings
from quantumleap.sqlite import prefer_sound_sqlite

prefer_sound_sqlite()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Env()
env.read_env(BASE_DIR / ".env")


def local_secret_key() -> str:
    """A key of this checkout's own, made at the first start and readable by its owner only."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        VAR_DIR.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


# --- the process ----------------------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or local_secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
VERSION = "1.0.0"  # what the old clients' `version` key holds: the version of the API
ROOT_URLCONF = "quantumleap.urls"
ASGI_APPLICATION = "quantumleap.asgi.application"
APPEND_SLASH = False  # a redirect would lose a POST's body; both spellings are served directly
USE_TZ = True
TIME_ZONE = "Asia/Kolkata"
LANGUAGE_CODE = "en-in"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "csp",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "engine",
    "dashboard",
]
MIDDLEWARE = [
    "dashboard.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "dashboard.compression.StaticCompressionMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "dashboard.attempts.TooManyAttemptsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- database: SQLite in one process, PostgreSQL for many ------------------------------------------------------------------
DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'quantumleap.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    VAR_DIR.mkdir(exist_ok=True)
    DATABASES["default"]["ENGINE"] = "quantumleap.sqlite"  # Django's own, with a fair queue of this process's writers
    # A thread's connection stays: opened anew for each request it costs 0.7 ms, and forgets its cached pages and statements.
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,  # seconds to wait for the other writer
        "transaction_mode": "IMMEDIATE",  # a deferred read-then-write fails at once with BUSY
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64000; PRAGMA temp_store=MEMORY;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
    DATABASES["default"]["OPTIONS"] = {
        # a request waits this long for a connection: while the database is away it answers its fallback, or 503, soon
        "pool": {
            "min_size": 2,
            "max_size": env.int("DATABASE_POOL_SIZE", 10),
            "timeout": env.float("DATABASE_POOL_TIMEOUT", 2),
            # the pool tries to connect at growing intervals, after an outage of a minute half a minute apart: given up after
            # this many seconds, the next who wants a connection begins them anew, and service is back as soon as the database
            "reconnect_timeout": 2,
        },
        # Statements are prepared when a connection meets them the fifth time: to accept and decide one signal PostgreSQL then
        # takes 5.4 instead of 8.9 ms of processor time (a batch of 200 gains nothing)
        "server_side_binding": True,
        "prepare_threshold": 5,
        "connect_timeout": 2,
        "tcp_user_timeout": 3000,  # ms: a machine that vanished does not say so
        "options": "-c idle_in_transaction_session_timeout=60000",
    }

# --- channel layer: in memory in one process, Redis for many ---------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            # redis-py's default time-out of 5 s would end an idle worker
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None, "max_connections": 1000}]},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}}

# --- who may come in -------------------------------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["dashboard.attempts.LimitedBackend"]
# Proxies of our own before this process: so many addresses at the end of X-Forwarded-For are true.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "sign-in"
# The old frontend sends no identity. `serve --demo` turns this on for itself; nowhere else should it be on.
TRADING_ENGINE_LEGACY_ANONYMOUS = env.bool("TRADING_ENGINE_LEGACY_ANONYMOUS", False)
DEMO_SIGN_IN: dict[str, str] | None = None  # likewise
# Whether /health, /metrics and /alerts answer without a sign-in, as they always did.
TRADING_ENGINE_PUBLIC_READS = env.bool("TRADING_ENGINE_PUBLIC_READS", True)
# A fence against a client that has run away, for each process by itself; 0 for none.
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", 60_000)
HTTPS_ONLY = env.bool("HTTPS_ONLY", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS_ONLY else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
CSRF_FAILURE_VIEW = "dashboard.pages.errors.form_out_of_date"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}
CORS_ALLOWED_ORIGINS = env.list(
    "CORS_ALLOWED_ORIGINS",
    [
        *(f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (5173, 5175, 3000)),
        "https://quantum-leap-frontend.vercel.app",
        "https://quantum-leap-frontend-production.up.railway.app",
    ],
)
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/(api|healthz|readyz)"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "x-csrftoken", "x-user-id", "x-config-id", "idempotency-key"]
CORS_EXPOSE_HEADERS = ["Retry-After", "X-Request-ID"]
CORS_PREFLIGHT_MAX_AGE = 600
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # bytes; the largest body that is read at all

# --- API -------------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["dashboard.api.wire.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["dashboard.api.wire.StrictJsonParser"],
    "EXCEPTION_HANDLER": "dashboard.api.errors.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "dashboard.api.describe.OneNameAddress",
    "COERCE_DECIMAL_TO_STRING": False,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REST_KNOX = {"TOKEN_TTL": None, "AUTH_HEADER_PREFIX": "Token"}
SPECTACULAR_SETTINGS = {
    # it would describe each address there is, the doubled ones too; the description that is served is held by a test
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
    "TITLE": "QuantumLeap trading engine",
    "DESCRIPTION": "The trading engine's HTTP interface: signals in, orders, positions, alerts, events and metrics out.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/trading-engine",
    "ENUM_NAME_OVERRIDES": {"ComponentWordEnum": ["operational", "degraded", "unknown"]},  # one name for what seven keys hold
}

# --- pages -----------------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns at each start where it is missing; the finders below do without it
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/tabler", BASE_DIR / "node_modules/@tabler/core/dist"),
    ("vendor/lightweight-charts", BASE_DIR / "node_modules/lightweight-charts/dist"),
    ("vendor/uplot", BASE_DIR / "node_modules/uplot/dist"),
]
WHITENOISE_USE_FINDERS = True

# --- the engine ------------------------------------------------------------------------------------------------------------
PRICE_MAX_AGE_SECONDS = env.int("PRICE_MAX_AGE_SECONDS", 60)
PAPER_SLIPPAGE_BPS = env.int("PAPER_SLIPPAGE_BPS", 5)
PAPER_VOLUME_PERCENT = env.decimal("PAPER_VOLUME_PERCENT", Decimal(10))
MIS_SQUARE_OFF = env.str("MIS_SQUARE_OFF", "15:20")  # in India
CHARGES_FILE = env.path("CHARGES_FILE", BASE_DIR / "engine" / "charges.toml")
PAPER_OPENING_CASH = env.decimal("PAPER_OPENING_CASH", Decimal(1_000_000))
RISK_FREE_RATE_PERCENT = env.float("RISK_FREE_RATE_PERCENT", 0)
ARCHIVE_DIR = env.path("ARCHIVE_DIR", VAR_DIR / "archive")

# --- the broker: paper, unless real orders are asked for --------------------------------------------------------------------
BROKER = live_broker(
    is_live=env.bool("BROKER_LIVE", False),
    account=env.str("BROKER_ACCOUNT", ""),
    url=env.str("BROKER_URL", ""),
    api_key=env.str("BROKER_API_KEY", ""),
    access_token=env.str("BROKER_ACCESS_TOKEN", ""),
    timeout_seconds=env.float("BROKER_TIMEOUT_SECONDS", 5),
    poll_seconds=env.float("BROKER_POLL_SECONDS", 2),
    breaker_failures=env.int("BROKER_BREAKER_FAILURES", 5),
    breaker_seconds=env.float("BROKER_BREAKER_SECONDS", 30),
)

LOGGING_CONFIG = None
LOGGING = logging_settings(level=env.str("LOG_LEVEL", "INFO"), as_json=env.bool("LOG_JSON", False))
