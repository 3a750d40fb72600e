"""Django's settings, all derived from one desk's home folder. Nothing here is a choice that an installer should have to make.

The folder is named by MFADESK_HOME. Without it a throwaway desk is made and removed at exit, so that tests and type checks need no
set-up; `serve` and its siblings refuse to run on one. `site.checks` refuses what would contradict the walls of the house.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mfadesk.kernel.errors import Invalid
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.site.databases import database_settings
from mfadesk.site.logs import log_settings
from mfadesk.site.session_secrets import session_secrets
from mfadesk.store.home import Config, Home, create_home, load_home

PACKAGE = Path(__file__).resolve().parent.parent


def _open_home() -> tuple[Home, bool]:
    named = os.environ.get("MFADESK_HOME")
    if named:
        return load_home(Path(named)), False
    folder = Path(tempfile.mkdtemp(prefix="mfadesk-throwaway-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    config = Config(organisation="Throwaway desk", public_url="http://localhost:8000", provider={"kind": "lab"})
    return create_home(folder, config, SystemRandomness()), True


def _session_secrets(home: Home) -> list[str]:
    try:
        return session_secrets(home)
    except (PermissionError, Invalid):
        # An executor under a uid of its own cannot read the web tier's keys, and serves no session that would need them.
        return [secrets.token_urlsafe(48)]


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


HOME, THROWAWAY = _open_home()
CONFIG = HOME.config
ORIGIN = urlsplit(CONFIG.public_url)
LOCAL = ORIGIN.hostname in ("localhost", "127.0.0.1", "::1")
HTTPS = ORIGIN.scheme == "https"
PROXIES = int(os.environ.get("MFADESK_PROXIES", "0"))
"""How many reverse proxies of our own stand in front; their last entries in X-Forwarded-For are believed, no others."""

DEMO = CONFIG.demo
SECRET_KEY, *SECRET_KEY_FALLBACKS = _session_secrets(HOME)
DEBUG = False
ALLOWED_HOSTS = sorted({ORIGIN.hostname or "", *CONFIG.allowed_hosts, *(("localhost", "127.0.0.1") if LOCAL else ())} - {""})
ROOT_URLCONF = "mfadesk.site.urls"
WSGI_APPLICATION = "mfadesk.site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
APPEND_SLASH = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "csp",
    "ninja",
    "mfadesk.store.apps.StoreConfig",
    "mfadesk.site.apps.SiteConfig",
    *(f"mfadesk.{room}" for room in ("console", "portal", "api")),
    *(["mfadesk.demo.apps.DemoConfig"] if DEMO else []),
]

MIDDLEWARE = [
    "mfadesk.api.problems.middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "mfadesk.site.middleware.headers",
    "mfadesk.site.middleware.keys",
    "mfadesk.site.middleware.source",
    "mfadesk.site.middleware.no_nul",
    "mfadesk.site.middleware.zone",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mfadesk.site.middleware.staff",
    *(["mfadesk.demo.middleware.softkey"] if DEMO else []),
]

_JINJA = "mfadesk.console.jinja_env.environment"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [PACKAGE / room / "jinja" for room in ("console", "portal", "api", "site")],
        "OPTIONS": {"autoescape": True, **({"environment": _JINJA} if _has("mfadesk.console.jinja_env") else {})},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "site" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mfadesk.site.context.desk",
            ],
        },
    },
]

# --- the database --------------------------------------------------------------------------------------------------------------
# A demo writes its example people nowhere but where its own file says: the environment may name the real desk's database.
# The environment first: web and executor read one desk.toml and sign in with a role each.
_URL = ("" if DEMO else os.environ.get("MFADESK_DATABASE_URL", "")) or CONFIG.database_url
DATABASES = {"default": database_settings(_URL, HOME.database_file)}
CACHES = {"default": {"BACKEND": "mfadesk.site.shared_cache.SharedCache"}}

# --- files that browsers may keep ----------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = HOME.folder / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # A throwaway desk (tests) has collected nothing, so names carry no digest there.
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if THROWAWAY else "mfadesk.site.static.DigestStorage"
    },
}
WHITENOISE_USE_FINDERS = THROWAWAY
WHITENOISE_AUTOREFRESH = THROWAWAY
STATIC_ROOT.mkdir(exist_ok=True)

# --- cookies and headers -------------------------------------------------------------------------------------------------------
_HOST = "__Host-" if HTTPS else ""
SESSION_ENGINE = "mfadesk.site.session_store"
SESSION_COOKIE_NAME = f"{_HOST}mfadesk_staff"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 9 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = f"{_HOST}mfadesk_csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [f"{ORIGIN.scheme}://{ORIGIN.netloc}"]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
if PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = PROXIES
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "report-uri": "/csp-report",
    }
}

# --- who works here ------------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_RULES = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_RULES}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},  # SP 800-63B-4 §3.1.1.2 asks for 8 here
    {"NAME": f"{_RULES}.CommonPasswordValidator"},
    {"NAME": f"{_RULES}.NumericPasswordValidator"},
    {"NAME": f"{_RULES}.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "mfadesk.site.staff_sign_in.StaffAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_CHANGE_EMAIL = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Hashing a password costs a fifth of a second: every limit here is counted before that.
ACCOUNT_RATE_LIMITS = {"login": "20/m/ip", "login_failed": "10/m/ip,5/5m/key", "reauthenticate": "10/m/user"}
MFA_ADAPTER = "mfadesk.site.staff_sign_in.StaffMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_FORMS = {"add_webauthn": "mfadesk.site.staff_sign_in.AddPasskeyForm"}
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
MFA_ALLOW_UNVERIFIED_EMAIL = False
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = f"{CONFIG.organisation} desk"
MFA_TRUST_ENABLED = False

LOGGING = log_settings()
