"""Every page of the portal: one explicit list.

Add each new page here. `visiting.py` has the checks.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fusion.access.actor import ADMINISTRATOR, AGENT, VIEWER
from tests.browser.failing import FAILURES
from tests.browser.scene import Scene
from tests.browser.scene_bulk import bulk
from tests.browser.scene_moves import move
from tests.browser.scene_ports import port
from tests.browser.scene_subscriptions import bare, ended, under

Address = str | Callable[[Scene], str]


@dataclass(frozen=True)
class Visit:
    """A page and its visitor.

    `name` is that of its screenshots. `address` is a path, or is built from the scene's ids.
    `role` None: nobody is signed in.
    """

    name: str
    address: Address
    kind: str = "group"
    role: str | None = ADMINISTRATOR
    status: int = 200

    def path(self, scene: Scene) -> str:
        """The path in this scene."""
        return self.address if isinstance(self.address, str) else self.address(scene)


PAGES = (
    Visit("sign-in", "/sign-in", role=None),
    Visit("password-forgotten", "/password/forgotten", role=None),
    Visit("password-sent", "/password/sent", role=None),
    Visit("password-link-used", "/password/new/1-set-password", role=None),
    Visit("password-set", "/password/set", role=None),
    Visit("account-closed", "/sign-in/closed", role=None),
    Visit("overview", "/"),
    Visit("overview-below", lambda scene: f"/overview/{scene.world.reseller.id}"),
    Visit("overview-tenant", "/", "tenant"),
    Visit("overview-tenant-viewer", "/", "tenant", VIEWER),
    Visit("overview-empty", lambda scene: f"/overview/{scene.ids['empty']}"),
    # organizations
    Visit("customers", "/customers"),
    Visit("customers-found", "/customers?q=gemein"),
    Visit("customers-none", "/customers", "tenant", VIEWER),
    Visit("customer", lambda scene: f"/customers/{scene.world.tenant.id}"),
    Visit("customer-group", lambda scene: f"/customers/{scene.world.group.id}"),
    Visit("customer-new", "/customers/new"),
    Visit("customer-edit", lambda scene: f"/customers/{scene.world.tenant.id}/edit"),
    Visit("customer-move", move("tenant")),
    Visit("customer-move-none", lambda scene: f"{move('tenant')(scene)}?q=zzzz"),
    Visit("customer-move-preview", move("reseller", "partner")),
    Visit("customer-move-present", move("reseller", "distributor")),
    Visit("customer-move-wrong", move("reseller", "tenant"), status=422),
    Visit("customer-suspend", bulk("suspend")),
    Visit("customer-resume", bulk("resume?reason=fraud"), role=AGENT),
    Visit("customer-suspend-none", lambda scene: f"/customers/{scene.ids['empty']}/suspend"),
    Visit("customer-changes", bulk("changes"), role=VIEWER),
    Visit("customer-changes-none", lambda scene: f"/customers/{scene.ids['empty']}/changes"),
    Visit("customer-change", bulk("changes", "{job}")),
    Visit("customer-change-waiting", bulk("changes", "{waiting}"), role=AGENT),
    Visit("customer-change-refused", bulk("changes", "{job}?outcome=refused")),
    Visit("customer-change-wrong", bulk("changes", "{job}?outcome=x"), status=422),
    Visit("subscription-move", move("subscription")),
    Visit("subscription-move-preview", move("subscription", "customer")),
    Visit(
        "subscription-new",
        lambda scene: f"/subscriptions/new?organization={scene.world.tenant.id}",
    ),
    Visit("subscription-edit", lambda scene: f"/subscriptions/{scene.ids['full']}/edit"),
    Visit("subscription-suspend", lambda scene: f"/subscriptions/{scene.ids['full']}/suspend"),
    Visit("subscription-resume", lambda scene: f"/subscriptions/{scene.ids['held']}/resume"),
    Visit("subscription-held", lambda scene: f"/subscriptions/{scene.ids['held']}"),
    Visit("subscription-terminate", lambda scene: f"/subscriptions/{scene.ids['full']}/terminate"),
    Visit("subscription-terminated", ended),
    Visit("subscription-restore", lambda scene: f"{ended(scene)}/restore"),
    Visit("subscription-restore-refused", lambda scene: f"{bare(scene)}/restore"),
    Visit("members", lambda scene: f"/customers/{scene.world.group.id}/members"),
    Visit("members-none", lambda scene: f"/customers/{scene.ids['empty']}/members"),
    Visit("member-invite", lambda scene: f"/customers/{scene.world.tenant.id}/members/invite"),
    Visit(
        "member-role",
        lambda scene: f"/customers/{scene.world.group.id}/members/{scene.ids['member']}",
    ),
    Visit("invitation-over", "/invitation", role=None, status=409),
    Visit("clients", lambda scene: f"/customers/{scene.world.group.id}/api-clients"),
    Visit("clients-none", lambda scene: f"/customers/{scene.ids['empty']}/api-clients"),
    Visit(
        "client-edit",
        lambda scene: f"/customers/{scene.world.group.id}/api-clients/{scene.ids['client']}/edit",
    ),
    Visit("client-new", lambda scene: f"/customers/{scene.world.group.id}/api-clients/new"),
    # subscriptions
    Visit("subscription", lambda scene: f"/subscriptions/{scene.ids['subscription']}"),
    Visit("subscription-used", under()),
    Visit("subscription-empty", bare),
    Visit("subscription-tenant", under(), "tenant", VIEWER),
    Visit("subscription-users", under("users")),
    Visit("subscription-users-none", lambda scene: f"{bare(scene)}/users"),
    Visit("subscription-users-viewer", under("users"), "tenant", VIEWER),
    Visit("subscription-user", under("users", "{user}")),
    Visit("subscription-user-new", under("users", "new")),
    Visit("subscription-user-link", under("users", "{spare}", "link")),
    Visit("subscription-uploads", under("users", "uploads")),
    Visit("subscription-upload", under("users", "uploads", "{job}")),
    Visit("subscription-upload-waiting", under("users", "uploads", "{waiting}")),
    Visit("subscription-upload-refused", under("users", "uploads", "{job}?show=failed"), "tenant"),
    Visit("subscription-uploads-viewer", under("users", "uploads"), "tenant", VIEWER),
    Visit("subscription-upload-viewer", under("users", "uploads", "{job}"), "tenant", VIEWER),
    Visit("subscription-numbers", under("numbers")),
    Visit("subscription-number", under("numbers", "{linked}")),
    Visit("subscription-number-released", under("numbers", "{released}")),
    Visit("subscription-numbers-take", under("numbers", "take")),
    Visit("subscription-numbers-choose", under("numbers", "choose")),
    Visit("subscription-numbers-port-in", under("numbers", "port-in")),
    Visit("subscription-numbers-port-in-tenant", under("numbers", "port-in"), "tenant"),
    Visit("subscription-numbers-port-out", under("numbers", "port-out")),
    Visit("subscription-numbers-port-out-tenant", under("numbers", "port-out"), "tenant"),
    Visit("subscription-numbers-change", under("numbers", "change")),
    Visit("subscription-numbers-link", under("numbers", "link")),
    Visit("subscription-numbers-viewer", under("numbers"), "tenant", VIEWER),
    Visit("subscription-number-restock", under("numbers", "{released}", "restock")),
    Visit("subscription-trunks", under("trunks")),
    Visit("subscription-trunk", under("trunks", "{trunk}")),
    Visit("subscription-trunk-edit", under("trunks", "{trunk}", "edit"), "tenant"),
    Visit("subscription-trunk-new", under("trunks", "new")),
    Visit("subscription-trunk-route", under("trunks", "{trunk}", "route")),
    Visit("subscription-ledger", under("ledger")),
    Visit("subscription-ledger-viewer", under("ledger"), "tenant", VIEWER),
    Visit("subscription-audit", under("audit")),
    # products
    Visit("products", "/products"),
    Visit("products-tenant", "/products", "tenant", VIEWER),
    Visit("products-none", "/products?q=zzzz"),
    Visit("product", lambda scene: f"/products/{scene.ids['product']}"),
    Visit("product-new", "/products/new"),
    Visit("product-edit", lambda scene: f"/products/{scene.ids['product']}/edit"),
    Visit("skus", "/products/skus"),
    Visit("sku-new", "/products/skus/new"),
    Visit("sku-edit", lambda scene: f"/products/skus/{scene.world.user_sku.id}/edit"),
    # orders
    Visit("orders", "/orders"),
    Visit("orders-tenant", "/orders", "tenant", VIEWER),
    Visit("orders-none", "/orders?q=zzzz"),
    Visit("order", lambda scene: f"/orders/{scene.ids['order']}"),
    Visit("order-termination", lambda scene: f"/orders/{scene.ids['ending']}"),
    Visit("order-scheduled", lambda scene: f"/orders/{scene.ids['scheduled']}"),
    Visit("orders-failed", "/orders?state=failed"),
    Visit("orders-failed-tenant", "/orders?state=failed", "tenant", VIEWER),
    Visit("order-failed", lambda scene: f"/orders/{scene.ids['failed']}"),
    Visit("order-for-whom", "/orders/new?q=gemein"),
    Visit("order-date", lambda scene: f"/orders/{scene.ids['scheduled']}/date"),
    Visit("order-new", lambda scene: f"/orders/new?subscription={scene.ids['subscription']}"),
    # requests
    Visit("requests", "/order-requests"),
    Visit("requests-all", "/order-requests?state=all", "tenant", VIEWER),
    Visit("requests-none", "/order-requests?state=withdrawn", "tenant"),
    Visit("request", lambda scene: f"/order-requests/{scene.ids['request']}"),
    Visit("request-mine", lambda scene: f"/order-requests/{scene.ids['request']}", "tenant"),
    Visit("request-rejected", lambda scene: f"/order-requests/{scene.ids['rejected']}"),
    Visit(
        "request-new",
        lambda scene: f"/order-requests/new?subscription={scene.ids['subscription']}",
        "tenant",
    ),
    Visit("request-approve", lambda scene: f"/order-requests/{scene.ids['request']}/approve"),
    Visit("request-reject", lambda scene: f"/order-requests/{scene.ids['request']}/reject"),
    # ports
    Visit("ports", lambda scene: f"/port-requests?state=all#{port('open')(scene)}"),
    Visit("ports-agent", "/port-requests", role=AGENT),
    Visit("ports-none", "/port-requests?state=withdrawn"),
    Visit("ports-viewer", "/port-requests?state=all", "tenant", VIEWER),
    Visit("port-open", port("open")),
    Visit("port-open-tenant", port("open"), "tenant"),
    Visit("port-unknown", port("unknown")),
    Visit("port-approved", port("approved"), role=AGENT),
    Visit("port-approved-viewer", port("approved"), "tenant", VIEWER),
    Visit("port-rejected", port("rejected"), "tenant"),
    Visit("port-dated", port("dated")),
    Visit("port-approve", port("open", "approve")),
    Visit("port-approve-unknown", port("unknown", "approve")),
    Visit("port-new-date", port("approved", "approve")),
    Visit("port-reject", port("open", "reject")),
    # inventory
    Visit("inventory", "/inventory"),
    Visit("inventory-none", "/inventory?starts=999"),
    Visit("ranges", "/inventory/ranges"),
    Visit("inventory-wrong", "/inventory?starts=0475", status=422),
    Visit("range-new", "/inventory/ranges/new"),
    Visit("range-edit", lambda scene: f"/inventory/ranges/{scene.ids['range']}"),
    # events and audit
    Visit("events", "/events"),
    Visit("events-none", "/events?type=product.retired"),
    Visit("events-wrong", "/events?organization=zzzz&since=x&object=112", status=422),
    Visit("audit", "/audit"),
    Visit("audit-none", "/audit?from=2001-01-01&to=2001-01-02"),
    # account
    Visit("account", "/account"),
    Visit("account-security", "/account/security"),
    Visit("account-password", "/account/password"),
    Visit("account-confirm", "/account/second-factor/on"),
    Visit("provider", "/provider"),
    Visit("provider-viewer", "/provider", role=VIEWER),
    Visit("provider-porting", "/provider/porting"),
    Visit("provider-order-grace", "/provider/order-grace"),
    Visit("provider-number-new", "/provider/emergency-numbers/new"),
    Visit("brand", "/brand"),
    Visit("brand-edit", "/brand/edit"),
    Visit("sign-out", "/sign-out"),
    Visit("not-found", "/nowhere", status=404),
    *(
        Visit(f"error-{status}", f"/failing/{code}", status=status)
        for code, status in FAILURES.items()
    ),
    *(
        Visit(f"error-{status}-outside", f"/failing/{code}", role=None, status=status)
        for code, status in FAILURES.items()
    ),
)
