"""The Celery application. Messages are short, acknowledged early and never trusted to arrive."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")

application = Celery("mlbackend")
application.config_from_object("django.conf:settings", namespace="CELERY")
application.conf.imports = ("processing.tasks",)
