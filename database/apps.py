"""The Django application `database`: the archive."""

from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    """Models, services, selectors and admin."""

    name = "database"
    verbose_name = "Archive"
