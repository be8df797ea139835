-- The holder of a number: the user that it is linked to, or the trunk that it is routed to. Users
-- and trunks call these functions and write no number themselves.
--
-- A number is found by its key. With "(group_id = …) IS TRUE" no other index can serve the condition: while
-- the planner believes a table to be small, all indexes look the same to it.

-- Lock a number of a subscription, whose lock the caller holds; returns the refusal if it cannot get a
-- holder. p_other: another number to be locked with it, which loses its holder, or NULL.
CREATE OR REPLACE FUNCTION numbers_lock_holder(
    p_group uuid, p_subscription uuid, p_e164 text, p_other text, p_holder text
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
    n record;
BEGIN
    IF p_other IS NOT NULL THEN  -- both, in their order
        PERFORM FROM numbers_number w
        WHERE w.e164 IN (p_e164, p_other)
          AND (w.group_id = p_group AND w.subscription_id = p_subscription) IS TRUE
        ORDER BY w.e164 FOR NO KEY UPDATE;
    END IF;
    SELECT w.status, w.user_id, w.trunk_id INTO n FROM numbers_number w
    WHERE w.e164 = p_e164 AND (w.group_id = p_group AND w.subscription_id = p_subscription) IS TRUE
    FOR NO KEY UPDATE;
    RETURN numbers_holder_refusal(p_e164, n.status = 'assigned', n.user_id, n.trunk_id, p_holder);
END
$$;

-- Why a number cannot get a holder, which is a `user` or `trunk`; NULL if it can. p_assigned: to the
-- subscription, NULL if it is another one's or unknown; p_user, p_trunk: its present holder.
CREATE OR REPLACE FUNCTION numbers_holder_refusal(
    p_e164 text, p_assigned boolean, p_user uuid, p_trunk uuid, p_holder text
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_assigned IS NOT TRUE THEN coalesce(
            (SELECT numbers_waits_for_port(n, 'number-not-assigned') FROM numbers_number n
             WHERE NOT p_assigned AND n.e164 = p_e164 AND n.status = 'reserved'),
            kernel_problem('number-not-assigned', format(
                '%s is not assigned to this subscription. Assign it first.', p_e164)))
        WHEN p_user IS NOT NULL OR p_trunk IS NOT NULL THEN json_build_object(
            'code', 'number-in-use',
            'detail', format(
                '%s is linked to %s %s. Unlink it there first, or choose another number.', p_e164,
                CASE WHEN (p_user IS NULL) = (p_holder = 'trunk') THEN 'another' ELSE 'a' END,
                CASE WHEN p_user IS NULL THEN 'trunk' ELSE 'user' END),
            'user_id', p_user, 'trunk_id', p_trunk)
    END
$$;

-- Link numbers to a user or route them to a trunk; both NULL: neither. The caller has locked the
-- numbers. A user has at most one number: it leaves its present one in an earlier call.
CREATE OR REPLACE FUNCTION numbers_set_holder(
    p_group uuid, p_numbers text[], p_user uuid, p_trunk uuid
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE numbers_number n SET user_id = p_user, trunk_id = p_trunk
    WHERE n.e164 = ANY (p_numbers) AND (n.group_id = p_group) IS TRUE;
END
$$;

-- The same for many users, each with the number at the same position.
CREATE OR REPLACE FUNCTION numbers_set_users(p_group uuid, p_numbers text[], p_users uuid[])
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE numbers_number n SET user_id = w.user_id
    FROM unnest(p_numbers, p_users) AS w(e164, user_id)
    WHERE n.e164 = w.e164 AND (n.group_id = p_group) IS TRUE;
END
$$;
