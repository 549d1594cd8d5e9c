"""The Django application `database`."""

from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    """The application's label, and its name in the admin."""

    name = "database"
    verbose_name = "Database"
