-- The history of links, which user had which number and when: the trigger `links_are_remembered` of
-- numbers_number writes it (migrations/0002_link_history.py).
CREATE OR REPLACE FUNCTION users_keep_link_history() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_now timestamptz := kernel_now();
BEGIN
    IF OLD.user_id IS NOT NULL THEN
        UPDATE users_link l SET unlinked_at = greatest(v_now, l.linked_at)  -- the clock may go back
        WHERE l.user_id = OLD.user_id AND l.e164 = OLD.e164 AND l.unlinked_at IS NULL;
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
