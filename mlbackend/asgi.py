"""The ASGI application that web servers run."""

import os
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlbackend.settings")

# Static files are small and read at once; that WhiteNoise reads them synchronously holds nobody up.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

application = get_asgi_application()
