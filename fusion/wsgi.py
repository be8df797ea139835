"""The WSGI application that the HTTP server runs: Django, with the static files before it."""

from django.core.wsgi import get_wsgi_application

from fusion.edge import metrics
from fusion.edge.static import with_static_files

application = with_static_files(get_wsgi_application())
metrics.watch_pool()
