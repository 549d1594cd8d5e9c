"""The Django application `api`: all interfaces of the server."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """GraphQL, pages and commands."""

    name = "api"
    verbose_name = "API"

    def ready(self) -> None:
        """Check what extension modules have put into the tables; see `kinds.check_tables`."""
        from processing.core.views import check_views

        check_views()
