"""URLs of all pages: one explicit list, a noun each."""

from fusion.portal.account import urls as account
from fusion.portal.brand import urls as brand
from fusion.portal.clients import urls as clients
from fusion.portal.inventory import urls as inventory
from fusion.portal.members import urls as members
from fusion.portal.orders import urls as orders
from fusion.portal.organizations import urls as organizations
from fusion.portal.overview import urls as overview
from fusion.portal.products import urls as products
from fusion.portal.requests import urls as requests
from fusion.portal.subscriptions import urls as subscriptions
from fusion.portal.trail import urls as trail

urlpatterns = [
    *overview.urlpatterns,
    *account.urlpatterns,
    *organizations.urlpatterns,
    *members.urlpatterns,
    *clients.urlpatterns,
    *subscriptions.urlpatterns,
    *products.urlpatterns,
    *orders.urlpatterns,
    *requests.urlpatterns,
    *inventory.urlpatterns,
    *trail.urlpatterns,
    *brand.urlpatterns,
]
