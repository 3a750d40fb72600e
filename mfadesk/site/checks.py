"""Settings that contradict the walls of the house are refused before the first request, not found out by an attacker."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import Error, register

WALLS = "walls"
"""The tag of the checks that every process runs, whatever else it leaves out."""

_WALLS: tuple[tuple[str, str, Any], ...] = (
    ("mfadesk.E001", "MFA_WEBAUTHN_USER_VERIFICATION", "required"),
    ("mfadesk.E002", "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", False),
    ("mfadesk.E003", "MFA_ALLOW_UNVERIFIED_EMAIL", False),
    ("mfadesk.E004", "MFA_TRUST_ENABLED", False),
    ("mfadesk.E005", "DEBUG", False),
    ("mfadesk.E006", "MFA_ADAPTER", "mfadesk.site.staff_sign_in.StaffMFAAdapter"),
    ("mfadesk.E007", "ACCOUNT_ADAPTER", "mfadesk.site.staff_sign_in.StaffAccountAdapter"),
    ("mfadesk.E008", "SESSION_COOKIE_HTTPONLY", True),
)


@register(WALLS)
def check_walls(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Return an error for every setting that opens a wall."""
    found = [
        Error(f"{name} must be {wanted!r}.", hint="Remove the override.", id=number)
        for number, name, wanted in _WALLS
        if getattr(settings, name, wanted) != wanted
    ]
    found += _check_addresses() + _check_database()
    if getattr(settings, "MFA_TOTP_INSECURE_BYPASS_CODE", None):
        found.append(Error("MFA_TOTP_INSECURE_BYPASS_CODE lets anybody in.", hint="Remove it.", id="mfadesk.E020"))
    return found


def _check_addresses() -> list[Error]:
    found = []
    if not settings.LOCAL and not settings.HTTPS:
        found.append(
            Error(
                f"public_url is {settings.CONFIG.public_url}: passkeys and cookies need https outside this machine.",
                hint="Put a reverse proxy with a certificate in front and write its https address.",
                id="mfadesk.E010",
            )
        )
    if settings.DEMO and not settings.LOCAL:
        found.append(
            Error(
                "demo = true on an address that others can reach: the side room shows every secret of the example people.",
                hint="Make a desk of its own with `mfadesk init`, or use http://localhost.",
                id="mfadesk.E011",
            )
        )
    if ("mfadesk.demo.apps.DemoConfig" in settings.INSTALLED_APPS) != settings.DEMO:
        found.append(Error("The side room is installed and demo is off, or the other way round.", id="mfadesk.E012"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(Error("allowed_hosts holds `*`: name the hosts.", id="mfadesk.E013"))
    return found


def _check_database() -> list[Error]:
    database = settings.DATABASES["default"]
    found = []
    if database.get("ATOMIC_REQUESTS"):
        found.append(Error("ATOMIC_REQUESTS makes every page a writer and holds locks over provider calls.", id="mfadesk.E014"))
    if database["ENGINE"].endswith("sqlite3") and database["OPTIONS"].get("transaction_mode") != "IMMEDIATE":
        found.append(Error("The embedded database needs transaction_mode IMMEDIATE.", id="mfadesk.E015"))
    return found
