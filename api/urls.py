"""Addresses of the doors."""

from django.urls import include, path

from api import health
from api.graphql.view import graphql

urlpatterns = [
    path("graphql", graphql, name="graphql"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("api.dashboard.urls")),
]
