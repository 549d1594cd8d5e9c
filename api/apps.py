"""The Django application `api`: all interfaces of the server."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """GraphQL, pages and commands."""

    name = "api"
    verbose_name = "API"
