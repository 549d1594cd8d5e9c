"""The fuse box: settings, URLs, ASGI and Celery applications. It wires and decides nothing."""

from mlbackend.celery import application

__all__ = ["application"]
