"""Who had which number, from when until when: what an invoice for a past month is made from.

Kept by a trigger on the numbers, so that no way of linking or unlinking can forget it. Each row
carries what the user was called then, because users can be deleted.
"""

from django.db import migrations, models

HISTORY = """
CREATE TABLE users_link (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id uuid NOT NULL,
    distributor_id uuid,
    reseller_id uuid,
    tenant_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    sku_id uuid NOT NULL,
    e164 varchar(16) NOT NULL COLLATE "C",
    origin varchar(16) NOT NULL,
    user_id uuid NOT NULL,
    login varchar(200) NOT NULL,
    display_name varchar(200) NOT NULL,
    kind varchar(16) NOT NULL,
    linked_at timestamptz NOT NULL,
    unlinked_at timestamptz,
    CONSTRAINT link_forward CHECK (unlinked_at >= linked_at)
);
-- At one time a number has one user, and a user one number.
CREATE UNIQUE INDEX link_of_number ON users_link (e164) WHERE unlinked_at IS NULL;
CREATE UNIQUE INDEX link_of_user ON users_link (user_id) WHERE unlinked_at IS NULL;
-- A report asks for what an organization had in a period: what had ended before is passed over.
CREATE INDEX link_of_group ON users_link (group_id, coalesce(unlinked_at, 'infinity'), id);
CREATE INDEX link_of_distributor ON users_link (distributor_id, coalesce(unlinked_at, 'infinity'), id)
    WHERE distributor_id IS NOT NULL;
CREATE INDEX link_of_reseller ON users_link (reseller_id, coalesce(unlinked_at, 'infinity'), id)
    WHERE reseller_id IS NOT NULL;
CREATE INDEX link_of_tenant ON users_link (tenant_id, coalesce(unlinked_at, 'infinity'), id);
CREATE INDEX link_of_subscription ON users_link
    (subscription_id, coalesce(unlinked_at, 'infinity'), id);

CREATE FUNCTION users_keep_link_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    IF OLD.user_id IS NOT NULL THEN
        UPDATE users_link l SET unlinked_at = greatest(v_now, l.linked_at)  -- clocks are set back
        WHERE l.e164 = OLD.e164 AND l.unlinked_at IS NULL;
    END IF;
    IF NEW.user_id IS NOT NULL THEN
        INSERT INTO users_link (
            group_id, distributor_id, reseller_id, tenant_id, subscription_id, sku_id, e164, origin,
            user_id, login, display_name, kind, linked_at)
        SELECT NEW.group_id, NEW.distributor_id, NEW.reseller_id, NEW.tenant_id,
               NEW.subscription_id, NEW.sku_id, NEW.e164, NEW.origin,
               u.id, u.login, u.display_name, u.kind, v_now
        FROM users_user u WHERE u.id = NEW.user_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER links_are_remembered AFTER UPDATE ON numbers_number
    FOR EACH ROW WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id)
    EXECUTE FUNCTION users_keep_link_history();

-- Links that are older than this table: since their licence was consumed.
INSERT INTO users_link (
    group_id, distributor_id, reseller_id, tenant_id, subscription_id, sku_id, e164, origin, user_id,
    login, display_name, kind, linked_at)
SELECT n.group_id, n.distributor_id, n.reseller_id, n.tenant_id, n.subscription_id, n.sku_id, n.e164,
       n.origin, u.id, u.login, u.display_name, u.kind,
       coalesce((SELECT max(e.at) FROM ledger_entry e
                 WHERE e.subscription_id = n.subscription_id AND e.kind = 'consume'
                   AND e.holder_type = 'user' AND e.holder_id = u.id::text), now())
FROM numbers_number n JOIN users_user u ON u.id = n.user_id;
"""

NO_HISTORY = """
DROP TRIGGER links_are_remembered ON numbers_number;
DROP FUNCTION users_keep_link_history;
DROP TABLE users_link;
"""

FIELDS = [
    ("id", models.BigAutoField(primary_key=True, serialize=False)),
    ("group_id", models.UUIDField()),
    ("distributor_id", models.UUIDField(null=True)),
    ("reseller_id", models.UUIDField(null=True)),
    ("tenant_id", models.UUIDField()),
    ("subscription_id", models.UUIDField()),
    ("sku_id", models.UUIDField()),
    ("e164", models.CharField(max_length=16)),
    ("origin", models.CharField(max_length=16)),
    ("user_id", models.UUIDField()),
    ("login", models.CharField(max_length=200)),
    ("display_name", models.CharField(max_length=200)),
    ("kind", models.CharField(max_length=16)),
    ("linked_at", models.DateTimeField()),
    ("unlinked_at", models.DateTimeField(null=True)),
]


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0001_initial"),
        ("numbers", "0002_range_overlap"),
        ("ledger", "0002_append_only"),
    ]
    operations = [
        migrations.RunSQL(
            HISTORY,
            NO_HISTORY,
            state_operations=[
                migrations.CreateModel("Link", FIELDS, {"managed": False, "db_table": "users_link"})
            ],
        )
    ]
