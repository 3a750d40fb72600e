"""Is it alive, is it ready, and how is it doing: three pages for machines. None of them names a person."""

from __future__ import annotations

import hmac
import ipaddress
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily

from mfadesk.kernel.errors import MfadeskError
from mfadesk.store.models import ONE_EXECUTOR, Alert, CaseRow, EffectRow, Heartbeat, TreeHead

SEEN_LATELY = timedelta(seconds=30)

csp_reports = Counter("mfadesk_csp_reports", "Browsers' reports that a page broke its content security policy.")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer "alive": no database, no key, nothing that could be slow."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 where database, migrations, keys and executor are there, else 503 with what is not."""
    found = {name: _try(probe) for name, probe in PROBES.items()}
    ready = all(problem == "" for problem in found.values())
    body = {"ready": ready, "checks": {name: problem or "ok" for name, problem in found.items()}}
    response = JsonResponse(body, status=200 if ready else 503)
    # Not ready is an answer, not a fault: whoever polls would fill the log.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _try(probe: Callable[[], str]) -> str:
    try:
        return probe()
    except DatabaseError:
        return "the database does not answer"
    except (MfadeskError, OSError):
        return "cannot be read"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(waiting)} migrations have not run" if waiting else ""


def _keys() -> str:
    settings.HOME.web_keys()
    settings.HOME.public_keys()
    return ""


def _executor() -> str:
    row = Heartbeat.objects.filter(name="executor").first()
    if row is None:
        return "was never seen"
    return "" if datetime.now(UTC) - row.at < SEEN_LATELY else f"was last seen at {row.at:%H:%M:%S} UTC"


PROBES: dict[str, Callable[[], str]] = {"database": _database, "migrations": _migrations, "keys": _keys, "executor": _executor}


class _Desk:
    """Reads the desk's gauges when Prometheus asks, so that N web processes give one truth."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return cases by status, effects by state, alerts, ledger size and the age of each process's heartbeat."""
        from django.db.models import Count

        cases = GaugeMetricFamily("mfadesk_cases", "Cases by status.", labels=["status"])
        for row in CaseRow.objects.values("status").annotate(n=Count("id")):
            cases.add_metric([row["status"]], row["n"])
        effects = GaugeMetricFamily("mfadesk_effects", "Effects by state.", labels=["state"])
        for effect in EffectRow.objects.values("state").annotate(n=Count("id")):
            effects.add_metric([effect["state"]], effect["n"])
        seen = GaugeMetricFamily("mfadesk_heartbeat_age_seconds", "How long ago a process was seen.", labels=["process"])
        now = datetime.now(UTC)
        for beat in Heartbeat.objects.exclude(name__startswith=ONE_EXECUTOR):
            seen.add_metric([beat.name], (now - beat.at).total_seconds())
        size = sum(TreeHead.objects.values_list("size", flat=True))
        yield from (
            cases,
            effects,
            seen,
            GaugeMetricFamily("mfadesk_ledger_entries", "Leaves of the ledger.", value=size),
            GaugeMetricFamily("mfadesk_alerts", "Alerts raised.", value=Alert.objects.count()),
        )


_REGISTRY = CollectorRegistry()
_REGISTRY.register(_Desk())


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus: from this machine, or with the bearer token that MFADESK_METRICS_TOKEN holds."""
    token = os.environ.get("MFADESK_METRICS_TOKEN", "")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    by_token = bool(token) and hmac.compare_digest(token.encode(), given.encode())
    # Behind a proxy every request comes from this machine, so nearness proves nothing there.
    near = (
        not settings.PROXIES and "X-Forwarded-For" not in request.headers and _is_loopback(request.META.get("REMOTE_ADDR", ""))
    )
    if not (by_token or near):
        return HttpResponseForbidden(
            "Metrics are for this machine, or for whoever holds the token.\n", content_type="text/plain"
        )
    return HttpResponse(generate_latest(_REGISTRY) + generate_latest(), content_type="text/plain; version=0.0.4")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
