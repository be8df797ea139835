"""The WSGI application that the HTTP server runs: the hot application, the static files, Django."""

from django.core.wsgi import get_wsgi_application

from fusion.edge import metrics
from fusion.edge.static import with_static_files

django = with_static_files(get_wsgi_application())

from fusion.hot.application import HotApplication  # noqa: E402  # needs Django's apps
from fusion.hot.routes import ROUTES  # noqa: E402

application = HotApplication(django, ROUTES)
metrics.watch_pool()
