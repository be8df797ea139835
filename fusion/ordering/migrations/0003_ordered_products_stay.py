"""A product that stands in an order cannot be removed: what a foreign key would say.

A foreign key would make every order line lock its product's row: all orders of a product in
demand would share one row's lock. Instead orders hold a shared lock on their group
(`place.sql`), which the removal of a product, rare as it is, takes alone: then no order is under
way that this removal cannot see, and none that has already seen the product.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION ordering_keep_ordered_product() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Lines are never removed: what is found without the lock is true, and no order has to wait.
    IF NOT EXISTS (SELECT FROM ordering_orderline l WHERE l.product_id = OLD.id) THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('ordering:' || OLD.group_id::text, 0));
        -- A new statement: it sees what was committed before the lock was had.
        IF NOT EXISTS (SELECT FROM ordering_orderline l WHERE l.product_id = OLD.id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'product % stands in an order and cannot be removed', OLD.id
        USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ordered_products_stay';
END
$$;
CREATE TRIGGER ordered_products_stay BEFORE DELETE ON catalogue_product
    FOR EACH ROW EXECUTE FUNCTION ordering_keep_ordered_product();
"""

UNGUARD = """
DROP TRIGGER ordered_products_stay ON catalogue_product;
DROP FUNCTION ordering_keep_ordered_product;
"""


class Migration(migrations.Migration):
    dependencies = [("ordering", "0002_order_numbers"), ("catalogue", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
