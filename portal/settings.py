"""All settings, from the environment, with safe defaults. docs/operations.md explains each variable."""

from datetime import timedelta
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal import env, env_mail

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(env.text("STATE_DIR", str(BASE_DIR / ".demo")))

DEBUG = env.flag("DEBUG", False)
DEVELOPMENT = env.flag("DEVELOPMENT", False)
# Development and tests may run without secrets of their own; anything else must bring them.
_INSECURE = "insecure-development-key-never-used-outside-loopback" if DEVELOPMENT else None
SECRET_KEY = env.secret("SECRET_KEY", _INSECURE)
# Newest first: the first seals, all open. `manage.py reseal` moves everything to the first.
SEAL_KEYS = [key for key in env.secret("SEAL_KEYS", SECRET_KEY if DEVELOPMENT else None).split(",") if key]
if not SEAL_KEYS:
    raise ImproperlyConfigured("SEAL_KEYS is empty: give at least one key of 32 random characters or more.")

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
_TLS = SITE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "portal.core.static_files.StaticFiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "channels",
    "csp",
    "ninja",
    "portal.core",
    "portal.cloud",
    "portal.accounts",
    "portal.notices",
    "portal.operations",
    "portal.home",
    "portal.api",
    "allocations",
    "allocations.sources",
    "allocations.members",
    "allocations.budgets",
    "allocations.overview",
    "allocations.reports",
    "instances",
    "instances.metrics",
    "instances.remote",
    "instances.policies",
    "instances.advice",
    "instances.workshops",
    "instances.workshops.engine",
    "instances.workshops.clock",
    "instances.workshops.guests",
    "instances.workshops.courses",
    "instances.workshops.roster",
    "instances.workshops.learner",
    "instances.workshops.board",
    "instances.workshops.runs",
    "instances.workshops.after",
]

MIDDLEWARE = [
    "portal.core.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.accounts.impersonation_middleware.impersonation_middleware",
    "portal.accounts.visiting_middleware.visiting_middleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.home.current.remember_allocation",
    "portal.core.middleware.problems",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
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
                "portal.core.context.portal",
            ],
            "builtins": ["portal.core.templatetags.portal"],
        },
    }
]

DATABASES = {
    "default": dj_database_url.parse(env.secret("DATABASE_URL", f"sqlite:///{STATE_DIR}/portal.sqlite3"))
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # One writer at a time, taken at the start of a transaction, so that a later write cannot fail half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["CONN_MAX_AGE"] = int(env.number("DATABASE_CONN_MAX_AGE", 60))

REDIS_URL = env.secret("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "portal.core.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1},
    }
}
CHANNEL_LAYERS = {
    "default": {
        # Publish/subscribe: one message per process and group, whatever the number of viewers.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "live"},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _TLS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.core.views.csrf_failed"
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if _TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _TLS
SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", _TLS)
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_REFERRER_POLICY = "same-origin"
if env.flag("BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "portal.accounts.adapter.SocialAccountAdapter"
SOCIALACCOUNT_ONLY = True
ACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_AUTO_SIGNUP = True
ACCOUNT_LOGOUT_ON_GET = False
# The client's registration. Issuer, scopes, hints and rules are in portal.yaml (`portal.accounts.adapter` joins them).
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID", "heliosphere")
OIDC_CLIENT_SECRET = env.secret("OIDC_CLIENT_SECRET", "" if DEVELOPMENT else None)

PORTAL_CONFIG = env.text("PORTAL_CONFIG", str(BASE_DIR / "portal/conf/demo/portal.yaml"))
CLOUDS_YAML = env.text("CLOUDS_YAML", str(BASE_DIR / "portal/conf/demo/clouds.yaml"))
# Seconds to reach a cloud service, and to wait for its answer.
CLOUD_CONNECT_TIMEOUT = env.number("CLOUD_CONNECT_TIMEOUT", 5, least=0.1)
CLOUD_READ_TIMEOUT = env.number("CLOUD_READ_TIMEOUT", 30, least=0.1)
# Where guests push samples; empty: they report through the console log only.
METRICS_PUSH_URL = env.text("METRICS_PUSH_URL", f"{SITE_URL}/metrics/push")
# CIDR blocks that the sockets' connections to machines come from: certificates are good from there only; empty: anywhere.
REMOTE_SOURCE_ADDRESSES = env.words("REMOTE_SOURCE_ADDRESSES")
# Where web applications of machines are shown, each under a name of its own below this one: never a name of the portal's.
PORTS_SITE = env.text("PORTS_SITE", "").rstrip("/")
RECORDINGS_DIR = Path(env.text("RECORDINGS_DIR", str(STATE_DIR / "recordings")))
# Course files and learners' work, sealed: written by workers, read by web processes.
WORK_DIR = Path(env.text("WORK_DIR", str(STATE_DIR / "work")))
# Names this process among those that hold shells, where the proxy leads /ws/remote/at/<name>/ to it; empty: there is one.
SOCKETS_NODE = env.text("SOCKETS_NODE", "")

_MAIL = env_mail.settings()
EMAIL_BACKEND = _MAIL["EMAIL_BACKEND"]
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _MAIL["DEFAULT_FROM_EMAIL"]
EMAIL_TIMEOUT = _MAIL["EMAIL_TIMEOUT"]
EMAIL_FILE_PATH = _MAIL.get("EMAIL_FILE_PATH")
EMAIL_HOST = _MAIL.get("EMAIL_HOST", "")
EMAIL_PORT = _MAIL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _MAIL.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _MAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _MAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_SSL", False)
# CIDR blocks that webhooks never reach, beside those that are private anyway: the portal's own network, for one.
WEBHOOK_REFUSED_NETWORKS = env.words("WEBHOOK_REFUSED_NETWORKS")

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than any task may live (its own deadlines end it first), so that a message is delivered again only after a crash.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "queue_order_strategy": "priority",
    # Who sends a message does not wait for a Redis that is away: the sweep finds what was not sent.
    "socket_connect_timeout": 2,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
# Nothing waits for a Redis that is away: sweeps find what was not sent. (One message sent with retries would, in kombu,
# make all later ones of the process wait as long.)
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_ROUTES = {
    "portal.operations.tasks.*": {"queue": "operations"},
    "instances.mirror.tasks.*": {"queue": "mirror"},
    "instances.metrics.tasks.*": {"queue": "metrics"},
    # What open boards wait for comes before upkeep.
    "instances.workshops.board.tasks.push": {"queue": "metrics"},
}
CELERY_BEAT_SCHEDULE = {
    "operations-sweep": {"task": "portal.operations.tasks.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "operations-tidy": {
        "task": "portal.operations.tasks.tidy",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "workshops-tick": {
        "task": "instances.workshops.engine.tasks.tick",
        "schedule": 1.0,
        "options": {"expires": 2},
    },
    "mirror-tick": {"task": "instances.mirror.tasks.tick", "schedule": 0.5, "options": {"expires": 1}},
    "metrics-drain": {"task": "instances.metrics.tasks.drain", "schedule": 1.0, "options": {"expires": 2}},
    "metrics-rollup": {
        "task": "instances.metrics.tasks.roll_up",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "allocations-refresh": {
        "task": "allocations.tasks.refresh_due",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "workshops-watch-jumps": {
        "task": "instances.workshops.guests.tasks.watch_jumps",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "advice-look": {
        "task": "instances.advice.tasks.look",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "reports-health": {
        "task": "allocations.reports.tasks.refresh_health",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "reports-weekly": {
        "task": "allocations.reports.tasks.weekly_due",
        "schedule": 120.0,
        "options": {"expires": 120},
    },
    "workshops-roster": {
        "task": "instances.workshops.roster.tasks.look",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "workshops-clock": {
        "task": "instances.workshops.clock.tasks.look",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "budgets-look": {
        "task": "allocations.budgets.tasks.look",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "ledger-reconcile": {
        "task": "allocations.tasks.reconcile",
        "schedule": 120.0,
        "options": {"expires": 120},
    },
    "ledger-settle": {
        "task": "instances.tasks.settle_due",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "meter": {"task": "instances.tasks.meter", "schedule": 300.0, "options": {"expires": 300}},
    "accounts-sweep": {"task": "portal.accounts.tasks.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "credentials-renew": {
        "task": "portal.accounts.tasks.renew_due",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "remote-sweep": {"task": "instances.remote.tasks.sweep", "schedule": 60.0, "options": {"expires": 60}},
    "remote-recordings": {
        "task": "instances.remote.tasks_recording.close_lost",
        "schedule": 120.0,
        "options": {"expires": 120},
    },
    "workshop-runs": {
        "task": "instances.workshops.runs.tasks.sweep",
        "schedule": 2.0,
        "options": {"expires": 2},
    },
    "workshop-runs-wake": {
        "task": "instances.workshops.runs.tasks.wake",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "workshop-runs-tidy": {
        "task": "instances.workshops.runs.tasks.tidy",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "remote-tidy": {
        "task": "instances.remote.tasks_recording.tidy",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "instances-tell": {
        "task": "instances.tasks.tell_launches",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "metrics-disks": {
        "task": "instances.metrics.tasks.look_at_disks",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "board-tick": {
        "task": "instances.workshops.board.tasks.tick",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "board-remind": {
        "task": "instances.workshops.board.tasks.remind",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "notices-mails": {
        "task": "portal.notices.tasks.send_mails",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "notices-webhooks": {
        "task": "portal.notices.tasks.send_webhooks",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "notices-tidy": {
        "task": "portal.notices.tasks.tidy",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "sources-sync": {
        "task": "allocations.sources.tasks.sync_due",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "sources-carry": {
        "task": "allocations.sources.tasks.carry_due",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "sources-tidy": {
        "task": "allocations.sources.tasks.tidy",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "members-settle": {
        "task": "allocations.members.tasks.settle_all",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "policies-enforce": {
        "task": "instances.policies.tasks.enforce",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "policies-tidy": {
        "task": "instances.policies.tasks.tidy",
        "schedule": 86400.0,
        "options": {"expires": 600},
    },
    "exports-sweep": {
        "task": "allocations.overview.tasks.sweep_exports",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "ends-remind": {
        "task": "allocations.overview.tasks.remind_of_ends",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "heartbeat": {"task": "portal.core.tasks.beat_heartbeat", "schedule": 5.0, "options": {"expires": 10}},
}

# A worker that stores nothing for so long is taken for dead, and its operation goes to another.
OPERATIONS_LEASE_SECONDS = env.number("OPERATIONS_LEASE_SECONDS", 60, least=4)

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / ".staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
_STATIC_BACKEND = "portal.core.static_storage.ModuleStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _STATIC_BACKEND},
}
# Packed or read by nobody but a debugger: compressing them is most of the work of collectstatic.
SERVESTATIC_SKIP_COMPRESS_EXTENSIONS = [
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "ico",
    "woff",
    "woff2",
    "gz",
    "br",
    "map",
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "portal.core.logs.RequestIdFilter"},
        "redact": {"()": "portal.core.logs.RedactFilter"},
    },
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id", "redact"],
        }
    },
    # One line per message received and done would bury everything else.
    "loggers": {
        name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace", "asyncssh")
    },
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
