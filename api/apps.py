"""The Django application `api`: every door."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Doors: GraphQL, pages, commands."""

    name = "api"
    verbose_name = "API"
