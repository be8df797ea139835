"""The project's addresses, and those that fail on purpose (`failing.py`)."""

from fusion.urls import handler400, handler403, handler404, handler429, handler500
from fusion.urls import urlpatterns as real
from tests.browser.failing import addresses

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]

urlpatterns = [*real, *addresses]
