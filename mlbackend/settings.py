"""Every setting comes from the environment; the defaults are those of the embedded server."""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from mlbackend.environment import Environment
from mlbackend.secret import secret_key

env = Environment()
ROOT = Path(__file__).resolve().parent.parent

# Where the embedded server keeps its database, secret and lock.
DATA_FOLDER = Path(env.str("DATA_FOLDER", default=str(ROOT / "var"))).resolve()
DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.broker("REDIS_URL")

# ---- Django
DEBUG = False
SECRET_KEY = env.str("SECRET_KEY", default="") or secret_key(DATA_FOLDER)
# The address that the server listens on decides whether it may be open: see api/access.py.
BIND_ADDRESS = env.str("BIND_ADDRESS", default="127.0.0.1")
CLOSED = env.bool("CLOSED", default=False)
# lets a scraper read /metrics of a closed server; empty: no token
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/graphql$"

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "graphene_django",
    "graphene_django_graphiql_static",
    "django_htmx",
    "database",
    "api",
]
MIDDLEWARE = [
    "api.middleware.CorrelationMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "api.middleware.CrossSiteMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "api.middleware.ErrorMiddleware",
]
ROOT_URLCONF = "mlbackend.urls"
ASGI_APPLICATION = "mlbackend.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
LOGIN_URL = "/admin/login/"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS: list[str] = []
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_CONTENT_TYPE_NOSNIFF = True

# ---- Processing (units are in the names)
LEASE_SECONDS = env.seconds("LEASE_SECONDS", default=30.0)
SHIFT_SECONDS = env.seconds("SHIFT_SECONDS", default=10.0)
SWEEP_SECONDS = env.seconds("SWEEP_SECONDS", default=5.0)
STEP_SECONDS = env.seconds("STEP_SECONDS", default=3_600.0)
CELERY_TASK_TIME_LIMIT = STEP_SECONDS
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "processing.sweep", "schedule": SWEEP_SECONDS,
        "options": {"priority": 0, "ignore_result": True}
    }
}
GENERATION_PAUSE_SECONDS = env.float("GENERATION_PAUSE_SECONDS", default=0.0)
MAXIMUM_CRASHES = env.int("MAXIMUM_CRASHES", default=3)
MAXIMUM_ATTEMPTS = env.int("MAXIMUM_ATTEMPTS", default=20)
EVALUATION_THREADS = env.int("EVALUATION_THREADS", default=0)  # 0: all cores of this machine
# older checkpoints kept; 0: only the newest
CHECKPOINT_KEEP_EVERY = env.int("CHECKPOINT_KEEP_EVERY", default=10)
NUMBER_OF_WORKERS = env.int("NUMBER_OF_WORKERS", default=1)
PROCESSES_A_WORKER = 1  # a worker sets it from its --concurrency
SILENCE_SECONDS = env.float("SILENCE_SECONDS", default=0.0)  # 0: twice the lease
NUMERIC_PROFILE = env.str("NUMERIC_PROFILE", default="")  # empty: from the versions of what decides bits
# Where prepared data sets lie. Processes that train read it from the environment.
DATASETS_FOLDER = env.str("DATASETS_FOLDER", default=str(DATA_FOLDER / "datasets"))
os.environ["DATASETS_FOLDER"] = DATASETS_FOLDER
# Modules that register environments with Gymnasium. Only processes that run or inspect these import them.
ENVIRONMENT_MODULES = env.list("ENVIRONMENT_MODULES", default=[])
# Modules that add problems, genome kinds, judges, strategies and kinds of work. Every process imports them:
# see processing/core/extensions.py.
EXTENSION_MODULES = env.modules("EXTENSION_MODULES")
ADOPTION_SECONDS = env.float("ADOPTION_SECONDS", default=300.0)

# ---- The database
if DATABASE_URL:
    DATABASES = {"default": env.database("DATABASE_URL")}
else:
    DATABASES = {
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_FOLDER / "evolution.sqlite3")}
    }
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;"
        " PRAGMA cache_size=-32000; PRAGMA wal_autocheckpoint=4000;",
    }
if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # A process that stops inside a transaction must not block the others for longer than a lease.
    limits = {
        "statement_timeout": env.float("STATEMENT_SECONDS", default=120.0),
        "lock_timeout": env.float("LOCK_SECONDS", default=5.0),
        "idle_in_transaction_session_timeout": env.float(
            "IDLE_SECONDS", default=min(15.0, LEASE_SECONDS / 2)
        ),
    }
    DATABASES["default"]["OPTIONS"] = {
        # Compiling a statement would take longer than any of them takes: 1,150 ms for the 50 ms of a wait.
        "options": "-c jit=off " + " ".join(
            f"-c {name}={round(1000 * seconds)}" for name, seconds in limits.items()
        ),
        "connect_timeout": 2, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
        "tcp_user_timeout": 15_000, "application_name": env.str("WORKER_NAME", default="mlbackend"),
    } | DATABASES["default"].get("OPTIONS", {})
DATABASES["default"]["ATOMIC_REQUESTS"] = False
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# ---- Celery: messages without content wake workers; losing all of them loses nothing.
CELERY_BROKER_URL = REDIS_URL or "redis://127.0.0.1:6379/0"
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE, TRAINING_QUEUE, SWEEP_QUEUE = "evolution", "training", "sweep"
# What a worker does: the trainings of networks, all other steps, or both. Without PyTorch it does not train.
QUEUES = env.queues("QUEUES", known=(CELERY_TASK_DEFAULT_QUEUE, TRAINING_QUEUE))
CELERY_TASK_QUEUES = {name: {"exchange": name, "routing_key": name} for name in (SWEEP_QUEUE, *QUEUES)}
CELERY_TASK_ROUTES = {"processing.sweep": {"queue": SWEEP_QUEUE}}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "max_retries": 1,
    "queue_order_strategy": "priority",
}
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker without limit
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 120  # kernels may have to be compiled first
CELERY_WORKER_LOST_WAIT = 0.5
CELERY_BEAT_SCHEDULER = "processing.schedule:Scheduler"
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1
}

# ---- What a work item may ask for: see processing/core/limits.py. LIMIT_POPULATION=… and so on override the
# defaults.
LIMITS = {
    "max_" + name.removeprefix("LIMIT_").lower(): int(value)
    for name, value in env.ENVIRON.items()
    if name.startswith("LIMIT_") and value.isdigit()
}
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAXIMUM_BODY_BYTES", default=4_000_000)
WEB_THREADS = env.int("WEB_THREADS", default=8)  # requests that one web process answers at a time
PULSE_FILE = env.str("PULSE_FILE", default="")  # touched while a worker or beat is at work; empty: none

# ---- GraphQL
GRAPHENE = {"SCHEMA": "api.graphql.schema.schema"}
GRAPHQL_MAXIMUM_TOKENS = env.int("GRAPHQL_MAXIMUM_TOKENS", default=5_000)
GRAPHQL_MAXIMUM_DEPTH = env.int("GRAPHQL_MAXIMUM_DEPTH", default=15)
GRAPHQL_MAXIMUM_COST = env.int("GRAPHQL_MAXIMUM_COST", default=10_000)
GRAPHQL_MAXIMUM_PAGE_SIZE = env.int("GRAPHQL_MAXIMUM_PAGE_SIZE", default=100)

LOG_LEVEL = env.str("LOG_LEVEL", default="WARNING")
LOG_FORMAT = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in ("line", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT: expected line or json, got {LOG_FORMAT}")
# In JSON, the web server's own records go through the root handler too.
web_server: dict[str, Any] = {
    name: {"level": LOG_LEVEL, "handlers": [], "propagate": True} for name in ("uvicorn", "uvicorn.access")
}
# Celery logs two lines for each message; our own records hold what matters of a step.
CELERY_CHATTER = ("celery.worker.strategy", "celery.app.trace", "celery.beat")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "processing.logs.Lines", "fmt": "{asctime} {levelname} {name}: {message}", "style": "{"
        },
        "json": {"()": "processing.logs.JsonLines"},
    },
    "filters": {"context": {"()": "processing.logs.ContextFilter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["context"]},
    },
    # A request for a missing page is the client's error, and not logged.
    "loggers": {
        "django.request": {"level": "ERROR"}, **{name: {"level": "WARNING"} for name in CELERY_CHATTER},
        **(web_server if LOG_FORMAT == "json" else {}),
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
}

UNFOLD = {
    "SITE_TITLE": "Neuroevolution",
    "SITE_HEADER": "Neuroevolution",
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SITE_DROPDOWN": [
        {"icon": "home", "title": "Runs", "link": "/"},
        {"icon": "photo_library", "title": "Data sets", "link": "/datasets"},
    ],
    "SCRIPTS": [f"{STATIC_URL}dashboard/times.js"],
    # The colours of dashboard.css, the light and the dark ones in one scale.
    "COLORS": {
        "base": {
            "50": "#f5f5f1", "100": "#ecece6", "200": "#dcddd5", "300": "#c3c8c4", "400": "#9caab2",
            "500": "#6e7a83",
            "600": "#57616b", "700": "#3d474e", "800": "#22292d", "900": "#181d20", "950": "#101416",
        },
        "primary": {
            "50": "#eef8f6", "100": "#d8ece9", "200": "#b0dcd6", "300": "#74dcd2", "400": "#4cc9bd",
            "500": "#1f9e92",
            "600": "#0b756c", "700": "#085d56", "800": "#0a4b46", "900": "#173b38", "950": "#06201d",
        },
    },
}
