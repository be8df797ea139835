-- Unlink users of one subscription, whose lock the caller holds; each frees its licence, and the
-- numbers stay with the subscription. Skips users without a link. Returns how many had one. Locks:
-- balance, numbers by number.
CREATE OR REPLACE FUNCTION users_unlink(
    p_users uuid[], s tenancy_subscription, p_actor text
) RETURNS int
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    v_sku uuid;
    v_numbers text[];
    v_linked uuid[];
BEGIN
    SELECT k.id INTO v_sku FROM catalogue_sku k WHERE k.group_id = s.group_id AND k.metric = 'user';
    PERFORM FROM ledger_balance b WHERE b.subscription_id = s.id AND b.sku_id = v_sku FOR UPDATE;
    PERFORM FROM numbers_number n
    WHERE n.subscription_id = s.id AND n.user_id = ANY (p_users)
    ORDER BY n.e164 FOR NO KEY UPDATE;
    SELECT array_agg(n.e164 ORDER BY n.e164), array_agg(n.user_id ORDER BY n.e164)
    INTO v_numbers, v_linked
    FROM numbers_number n WHERE n.subscription_id = s.id AND n.user_id = ANY (p_users);
    IF v_linked IS NULL THEN
        RETURN 0;
    END IF;
    IF ledger_release(s.id, v_sku, 'user', v_linked::text[], p_actor) IS NOT NULL THEN
        RAISE EXCEPTION 'more licences are held by users than the balance says are used';
    END IF;
    UPDATE numbers_number n SET user_id = NULL WHERE n.e164 = ANY (v_numbers);
    PERFORM users_emit(
        ARRAY(SELECT users_document(u, NULL) FROM unnest(v_linked) WITH ORDINALITY AS w(id, position)
              JOIN users_user u ON u.id = w.id ORDER BY w.position),
        s, p_actor, 'user.unlinked');
    RETURN cardinality(v_linked);
END
$$;

-- Unlink all users of a subscription that is being terminated. The caller holds its lock.
CREATE OR REPLACE FUNCTION users_unlink_all(p_subscription uuid, p_actor text) RETURNS int
LANGUAGE sql AS $$
    SELECT users_unlink(
        ARRAY(SELECT n.user_id FROM numbers_number n
              WHERE n.subscription_id = s.id AND n.user_id IS NOT NULL), s, p_actor)
    FROM tenancy_subscription s WHERE s.id = p_subscription
$$;
