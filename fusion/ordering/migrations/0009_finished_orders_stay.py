"""What was ordered stays: the database keeps finished orders, their lines and product revisions.

Orders, lines and requests are never removed. A finished order or request is never changed, except
for the ids of the organizations that it belongs to; a line only while its order is scheduled.
"""

from django.db import migrations

OWNERS = "'distributor_id', 'reseller_id', 'tenant_id'"

ORDERS = f"""
CREATE TRIGGER kept BEFORE DELETE ON ordering_order
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER kept_truncate BEFORE TRUNCATE ON ordering_order
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER finished BEFORE UPDATE ON ordering_order
    FOR EACH ROW WHEN (OLD.state <> 'scheduled')
    EXECUTE FUNCTION kernel_keep_finished({OWNERS});

CREATE TRIGGER kept BEFORE DELETE ON ordering_orderrequest
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER kept_truncate BEFORE TRUNCATE ON ordering_orderrequest
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER finished BEFORE UPDATE ON ordering_orderrequest
    FOR EACH ROW WHEN (OLD.state <> 'open')
    EXECUTE FUNCTION kernel_keep_finished({OWNERS});
"""

LINES = """
CREATE FUNCTION ordering_keep_finished_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ordering_order o WHERE o.id = OLD.order_id AND o.state = 'scheduled')
       AND (NEW.order_id, NEW.position) = (OLD.order_id, OLD.position) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'line % of order % is finished: it is not changed', OLD.position, OLD.order_id
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER kept BEFORE DELETE ON ordering_orderline
    FOR EACH ROW EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER kept_truncate BEFORE TRUNCATE ON ordering_orderline
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER finished BEFORE UPDATE ON ordering_orderline
    FOR EACH ROW EXECUTE FUNCTION ordering_keep_finished_line();
"""

REVISIONS = """
CREATE FUNCTION ordering_keep_ordered_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ordering_orderline l WHERE l.product_id = OLD.product_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'revision % of product % stands in an order and cannot be removed',
        OLD.revision, OLD.product_id
        USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ordered_products_stay';
END
$$;
CREATE TRIGGER ordered_revisions_stay BEFORE DELETE ON catalogue_productrevision
    FOR EACH ROW EXECUTE FUNCTION ordering_keep_ordered_revision();
CREATE TRIGGER ordered_revisions_stay BEFORE DELETE ON catalogue_revisionitem
    FOR EACH ROW EXECUTE FUNCTION ordering_keep_ordered_revision();
"""

UNDO = """
DROP TRIGGER ordered_revisions_stay ON catalogue_productrevision;
DROP TRIGGER ordered_revisions_stay ON catalogue_revisionitem;
DROP FUNCTION ordering_keep_ordered_revision;
DROP TRIGGER finished ON ordering_orderline;
DROP FUNCTION ordering_keep_finished_line;
DROP TRIGGER finished ON ordering_order;
DROP TRIGGER finished ON ordering_orderrequest;
DROP TRIGGER kept ON ordering_order;
DROP TRIGGER kept ON ordering_orderline;
DROP TRIGGER kept ON ordering_orderrequest;
DROP TRIGGER kept_truncate ON ordering_order;
DROP TRIGGER kept_truncate ON ordering_orderline;
DROP TRIGGER kept_truncate ON ordering_orderrequest;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ordering", "0008_orders_by_kind"),
        ("catalogue", "0002_immutable_revisions"),
        ("events", "0006_finished_rows"),
    ]
    operations = [migrations.RunSQL(ORDERS + LINES + REVISIONS, UNDO)]
