"""The Celery application. Messages are short and acknowledged early; the sweep replaces lost ones."""

import os

from celery import Celery

from mlbackend import pulse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")

application = Celery("mlbackend")
application.config_from_object("django.conf:settings", namespace="CELERY")
application.conf.imports = ("processing.tasks", "processing.worker")
application.steps["worker"].add("processing.worker:Presence")
pulse.connect()
