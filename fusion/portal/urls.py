"""Addresses of all pages: one explicit list, a noun each."""

from fusion.portal.account import urls as account
from fusion.portal.home import urls as home

urlpatterns = [
    *home.urlpatterns,
    *account.urlpatterns,
]
