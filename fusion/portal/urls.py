"""Addresses of all pages: one explicit list, a noun each."""

from fusion.portal.account import urls as account
from fusion.portal.brand import urls as brand
from fusion.portal.overview import urls as overview

urlpatterns = [
    *overview.urlpatterns,
    *account.urlpatterns,
    *brand.urlpatterns,
]
