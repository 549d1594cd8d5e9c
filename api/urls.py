"""URL patterns of GraphQL, health checks, metrics, downloads and pages."""

from django.urls import include, path

from api import exports, health, metrics, replays
from api.graphql.view import graphql
from api.login import one_time_login

urlpatterns = [
    path("graphql", graphql, name="graphql"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("agents/<str:id>/network.<str:ending>", exports.network, name="network"),
    path("agents/<str:id>/episodes/<int:episode>.<str:ending>", replays.film, name="film"),
    path("login/<str:token>", one_time_login, name="one-time-login"),
    path("", include("api.dashboard.urls")),
]
