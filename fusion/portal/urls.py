"""URLs of all pages: one explicit list, noun by noun."""

from django.urls import path

from fusion.portal.account import urls as account
from fusion.portal.brand import pages as brand
from fusion.portal.brand import theme
from fusion.portal.bulk import urls as bulk
from fusion.portal.clients import pages as clients
from fusion.portal.inventory import pages as inventory
from fusion.portal.inventory import ranges
from fusion.portal.members import accept
from fusion.portal.members import files as member_files
from fusion.portal.members import pages as members
from fusion.portal.moves import pages as moves
from fusion.portal.orders import date as order_date
from fusion.portal.orders import new as new_order
from fusion.portal.orders import pages as orders
from fusion.portal.orders import reverse as reverse_order
from fusion.portal.orders import seen as seen_orders
from fusion.portal.organizations import changes as organization_changes
from fusion.portal.organizations import files
from fusion.portal.organizations import pages as organizations
from fusion.portal.overview import pages as overview
from fusion.portal.ports import urls as ports
from fusion.portal.products import changes as product_changes
from fusion.portal.products import files as product_files
from fusion.portal.products import pages as products
from fusion.portal.products import skus
from fusion.portal.provider import grace as provider_grace
from fusion.portal.provider import pages as provider
from fusion.portal.provider import porting as provider_porting
from fusion.portal.requests import approve_reject, request_form
from fusion.portal.requests import files as request_files
from fusion.portal.requests import pages as requests
from fusion.portal.subscriptions import urls as subscriptions
from fusion.portal.trail import pages as trail

ORGANIZATION = "customers/<uuid:organization_id>"
MEMBER = f"{ORGANIZATION}/members/<uuid:member_id>"
INVITATION = f"{ORGANIZATION}/invitations/<uuid:invitation_id>"
CLIENT = f"{ORGANIZATION}/api-clients/<uuid:client_id>"
PRODUCT = "products/<uuid:product_id>"
RANGE = "inventory/ranges/<uuid:number_range_id>"
ORDER = "orders/<uuid:order_id>"
REQUEST = "order-requests/<uuid:order_request_id>"

urlpatterns = [
    path("", overview.overview, name="home"),
    path("overview/<uuid:organization_id>", overview.below, name="home-below"),
    *account.urlpatterns,
    path("customers", organizations.organizations, name="organizations"),
    path("customers.<file_format:format>", files.organizations, name="organizations-export"),
    path(
        f"{ORGANIZATION}/subscriptions.<file_format:format>",
        files.subscriptions,
        name="subscriptions-export",
    ),
    path(f"{ORGANIZATION}/balances.<file_format:format>", files.balances, name="balances-export"),
    path(
        f"{ORGANIZATION}/phone-usage.<file_format:format>",
        files.phone_usage,
        name="phone-usage-export",
    ),
    path("customers/new", organization_changes.new, name="organizations-new"),
    path(ORGANIZATION, organizations.detail, name="organizations-detail"),
    path(f"{ORGANIZATION}/below", organizations.children, name="organizations-below"),
    path(f"{ORGANIZATION}/edit", organization_changes.edit, name="organizations-edit"),
    path(f"{ORGANIZATION}/move", moves.organization, name="organizations-move"),
    *bulk.urlpatterns,
    path(f"{ORGANIZATION}/delete", organization_changes.delete, name="organizations-delete"),
    path("invitation", accept.invitation, name="invitation"),
    path(f"{ORGANIZATION}/members", members.members, name="organizations-members"),
    path(
        f"{ORGANIZATION}/members.<file_format:format>",
        member_files.members,
        name="organizations-members-export",
    ),
    path(
        f"{ORGANIZATION}/api-clients.<file_format:format>",
        member_files.clients,
        name="organizations-clients-export",
    ),
    path(f"{ORGANIZATION}/members/invite", members.invite, name="organizations-invite"),
    path(MEMBER, members.role, name="organizations-member"),
    path(f"{MEMBER}/remove", members.remove, name="organizations-remove-member"),
    path(f"{INVITATION}/send", members.send_again, name="organizations-send-invitation"),
    path(f"{INVITATION}/withdraw", members.withdraw, name="organizations-withdraw-invitation"),
    path(f"{ORGANIZATION}/api-clients", clients.clients, name="organizations-clients"),
    path(f"{ORGANIZATION}/api-clients/new", clients.new, name="organizations-new-client"),
    path(f"{CLIENT}/edit", clients.edit, name="organizations-edit-client"),
    path(f"{CLIENT}/rotate", clients.rotate, name="organizations-rotate-client"),
    path(f"{CLIENT}/revoke", clients.revoke, name="organizations-revoke-client"),
    *subscriptions.urlpatterns,
    path("products", products.products, name="products"),
    path("products.<file_format:format>", product_files.products, name="products-export"),
    path("products/new", product_changes.new, name="products-new"),
    path("products/skus", skus.skus, name="products-skus"),
    path("products/skus.<file_format:format>", product_files.skus, name="products-skus-export"),
    path("products/skus/new", skus.new_sku, name="products-new-sku"),
    path("products/skus/<uuid:sku_id>/edit", skus.edit_sku, name="products-edit-sku"),
    path(PRODUCT, products.detail, name="products-detail"),
    path(
        f"{PRODUCT}/holders.<file_format:format>",
        product_files.holders,
        name="products-holders-export",
    ),
    path(
        f"{PRODUCT}/revisions.<file_format:format>",
        product_files.revisions,
        name="products-revisions-export",
    ),
    path(f"{PRODUCT}/edit", product_changes.edit, name="products-edit"),
    path(f"{PRODUCT}/retire", product_changes.retire, name="products-retire"),
    path(f"{PRODUCT}/reactivate", product_changes.reactivate, name="products-reactivate"),
    path(f"{PRODUCT}/delete", product_changes.delete, name="products-delete"),
    path("orders", orders.orders, name="orders"),
    path("orders.<file_format:format>", orders.export, name="orders-export"),
    path("orders/new", new_order.new, name="orders-new"),
    path("orders/seen", seen_orders.see_all, name="orders-seen"),
    path(ORDER, orders.detail, name="orders-detail"),
    path(f"{ORDER}/reverse", reverse_order.reverse, name="orders-reverse"),
    path(f"{ORDER}/date", order_date.change_date, name="orders-date"),
    path(f"{ORDER}/seen", seen_orders.see, name="orders-see"),
    path(f"{ORDER}/cancel", orders.cancel, name="orders-cancel"),
    path("order-requests", requests.requests, name="requests"),
    path("order-requests.<file_format:format>", request_files.export, name="requests-export"),
    path("order-requests/new", request_form.new, name="requests-new"),
    path(REQUEST, requests.detail, name="requests-detail"),
    path(f"{REQUEST}/approve", approve_reject.approve, name="requests-approve"),
    path(f"{REQUEST}/reject", approve_reject.reject, name="requests-reject"),
    path(f"{REQUEST}/withdraw", request_form.withdraw, name="requests-withdraw"),
    *ports.urlpatterns,
    path("inventory", inventory.inventory, name="inventory"),
    path("inventory.<file_format:format>", inventory.export, name="inventory-export"),
    path("inventory/ranges.<file_format:format>", ranges.export, name="inventory-ranges-export"),
    path("inventory/ranges", ranges.ranges, name="inventory-ranges"),
    path("inventory/ranges/new", ranges.new_range, name="inventory-new-range"),
    path(RANGE, ranges.edit_range, name="inventory-range"),
    path(f"{RANGE}/delete", ranges.delete, name="inventory-range-delete"),
    path("events", trail.events, name="events"),
    path("events.<file_format:format>", trail.export_events, name="events-export"),
    path("audit", trail.audit, name="audit"),
    path("audit.<file_format:format>", trail.export, name="audit-export"),
    path("provider", provider.show_settings, name="provider"),
    path("provider/porting", provider_porting.porting, name="provider-porting"),
    path("provider/order-grace", provider_grace.grace, name="provider-order-grace"),
    path("provider/emergency-numbers/new", provider.add, name="provider-number-new"),
    path(
        "provider/emergency-numbers/<str:country>/<str:number>/remove",
        provider.remove,
        name="provider-number-remove",
    ),
    path("brand", brand.show_brand, name="brand"),
    path("brand/edit", brand.edit, name="brand-edit"),
    path("brand/<uuid:brand_id>-<int:revision>.css", theme.style, name="brand-style"),
    path("brand/<uuid:brand_id>-<int:revision>/logo", theme.logo, name="brand-logo"),
]
