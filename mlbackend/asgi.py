"""The ASGI application that web servers run."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")

application = get_asgi_application()
