"""Metrics for Prometheus.

All counts come from the database, so that every web process reports the same ones.
"""

import hmac
import platform
from collections.abc import Iterator
from importlib.metadata import version

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from api import VERSION
from api.access import Permission, may
from database import selectors
from database.selectors import WorkerRecord
from processing import dispatch

#: Workers that were seen within this many seconds are reported.
A_DAY = 86_400.0
#: The column of a worker's row for each value of the label `outcome`.
OUTCOMES = {
    "claimed": "claims", "committed": "commits", "fenced": "fenced", "failed": "failed", "lost": "lost"
}
DISTRIBUTIONS = ("Django", "celery", "numpy", "numba")


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The present metrics, for users who may view and for requests with METRICS_TOKEN as a bearer token."""
    if not (_has_token(request) or may(request, Permission.VIEW)):
        raise PermissionDenied("Log in, or send the server's METRICS_TOKEN as a bearer token.")
    registry = CollectorRegistry()
    try:
        registry.register(Figures())
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError as error:  # the tables do not exist yet
        raise OperationalError(str(error)) from error
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected: str = settings.METRICS_TOKEN
    return (
        bool(expected) and scheme.lower() == "bearer"
        and hmac.compare_digest(token.strip().encode(), expected.encode())
    )


class Figures(Collector):
    """All metric families, read from the database at construction."""

    def __init__(self) -> None:
        self.known = selectors.workers(seen_seconds=A_DAY)
        self.families = [*_of_workers(self.known), *_of_runs(), *_of_leases(), *_of_broker(), _build()]

    def collect(self) -> Iterator[Metric]:
        yield from self.families


def _of_workers(workers: list[WorkerRecord]) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "evolution_workers_online", "Workers seen within half a minute.",
        value=sum(each.is_online for each in workers)
    )
    seen = GaugeMetricFamily(
        "evolution_worker_silent_seconds", "Since a worker was last seen.", labels=["worker"]
    )
    steps = CounterMetricFamily(
        "evolution_steps",
        "Steps of a worker since it started, by what became of them; lost are processes that died.",
        labels=["worker", "outcome"],
    )
    generations = CounterMetricFamily(
        "evolution_generations", "Generations completed by a worker.", labels=["worker"]
    )
    evaluations = CounterMetricFamily(
        "evolution_evaluations", "Agents evaluated by a worker.", labels=["worker"]
    )
    for each in workers:
        name = [each.row.name]
        seen.add_metric(name, each.silent_seconds)
        for outcome, column in OUTCOMES.items():
            steps.add_metric([*name, outcome], getattr(each.row, column))
        generations.add_metric(name, each.row.generations)
        evaluations.add_metric(name, each.row.evaluations)
    yield from (seen, steps, generations, evaluations)


def _of_runs() -> Iterator[Metric]:
    runs = GaugeMetricFamily("evolution_runs", "Runs in each state.", labels=["state"])
    for state, number in selectors.runs_by_state().items():
        runs.add_metric([state.lower()], number)
    waiting = selectors.waiting()
    ready = GaugeMetricFamily("evolution_steps_ready", "Steps that could be claimed now.", labels=["step"])
    ready.add_metric(["run"], waiting.runs)
    ready.add_metric(["slice"], waiting.slices)
    yield from (runs, ready)
    yield GaugeMetricFamily(
        "evolution_step_oldest_wait_seconds", "How long the step that waits longest could have been claimed.",
        value=waiting.oldest_seconds or 0.0,
    )


def _of_leases() -> Iterator[Metric]:
    """Ages of leases: seconds since they were last extended, which happens while there is progress."""
    age = GaugeMetricFamily(
        "evolution_lease_age_seconds",
        "Since the lease of a step that the worker holds was extended; the oldest.",
        labels=["worker"],
    )
    ages = [(step, max(settings.LEASE_SECONDS - step.left_seconds, 0.0)) for step in selectors.held_steps()]
    oldest: dict[str, float] = {}
    for step, seconds in ages:
        worker = step.worker.rpartition("/")[0]
        oldest[worker] = max(seconds, oldest.get(worker, 0.0))
    for worker, seconds in oldest.items():
        age.add_metric([worker], seconds)
    yield age
    yield GaugeMetricFamily(
        "evolution_lease_oldest_age_seconds", "The largest of them; 0 where no step is held.",
        value=max((seconds for _, seconds in ages), default=0.0),
    )


def _of_broker() -> Iterator[Metric]:
    depth = dispatch.waiting()
    yield GaugeMetricFamily("evolution_broker_up", "Whether the broker answers.", value=depth is not None)
    if depth is not None:
        yield GaugeMetricFamily(
            "evolution_queue_depth", "Messages that no worker has taken yet.", value=depth
        )


def _build() -> Metric:
    software = {"version": VERSION, "python": platform.python_version()} | {
        name.lower(): version(name) for name in DISTRIBUTIONS
    }
    build = GaugeMetricFamily("evolution_build_info", "What this web process runs.", labels=list(software))
    build.add_metric(list(software.values()), 1)
    return build
