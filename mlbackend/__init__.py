"""The Django project: settings, URLs, ASGI and Celery applications. It only configures."""

from mlbackend.celery import application

__all__ = ["application"]
