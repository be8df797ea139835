-- Emergency calls, and the calls that come back after them. Only the callee decides whether a call is
-- an emergency call; nothing that the caller claims does.

-- Whether the callee is an emergency number of the trunk's country or `urn:service:sos`. Numbers: those of
-- `phonenumbers` and those that the group added, also with the country's code in front, as `+32112`,
-- `0032112`, or `0111911` where 011 is dialled for abroad, even with the zero of `+32 (0)112`, and with a lone
-- plus, as `+112`; each of these also after one of the trunk's prefixes for an outside line, and before a `#`
-- that ends dialling.
CREATE OR REPLACE FUNCTION trunks_is_emergency(t trunks_trunk, p_callee text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    -- Most callees, in one comparison: no number of that many digits is one. A code has at most three digits,
    -- a zero may come after it, and a number has at most six.
    v_dialled CONSTANT text := CASE WHEN p_callee !~ '^\+([0-9]{11,}|[0-9]{3}[1-9][0-9]{6})$'
                                    THEN trunks_dialled(p_callee) END;
    v_numbers text[];
    e trunks_emergencynumber;
BEGIN
    IF v_dialled = 'urn:service:sos' THEN
        RETURN true;
    ELSIF v_dialled IS NULL OR length(v_dialled) > 19 THEN  -- prefix 4, abroad 4, code 3, zero 1, number 6, # 1
        RETURN false;
    END IF;
    SELECT w.* INTO e FROM trunks_emergencynumber w WHERE w.country = t.country;
    v_numbers := ARRAY(
        SELECT number
        FROM unnest(v_dialled || ARRAY(SELECT trunks_after(v_dialled, prefix)
                                       FROM unnest(string_to_array(t.outside_line_prefixes, ',')) AS prefix)) AS rest,
             unnest(ARRAY['', '+', '+' || e.calling_code, '00' || e.calling_code,
                          CASE e.calling_code WHEN '1' THEN '0111' WHEN '61' THEN '001161' END]) AS before,
             unnest(CASE WHEN before IN ('', '+') THEN '{""}' ELSE '{"",0}'::text[] END) AS zero,
             trunks_after(rest, before || zero) AS form,
             regexp_replace(form, '#$', '') AS number);
    RETURN EXISTS (SELECT FROM unnest(v_numbers) AS number
                   WHERE number <> '' AND number ~ ('^(' || e.pattern || ')$'))
        OR EXISTS (SELECT FROM trunks_groupemergencynumber w
                   WHERE w.group_id = t.group_id AND w.country = t.country AND w.number = ANY (v_numbers));
END
$$;

-- The rest of `p_text` after `p_prefix`; NULL if it begins otherwise, or the prefix is unknown.
CREATE OR REPLACE FUNCTION trunks_after(p_text text, p_prefix text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN starts_with(p_text, p_prefix) THEN substr(p_text, length(p_prefix) + 1) END
$$;

-- The last digits of a party's number; '' if it is unknown, an extension for example. Systems write numbers
-- internationally or nationally: they agree in the last eight digits, and numbers of one trunk do not.
CREATE OR REPLACE FUNCTION trunks_last_digits(p_party text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_digits CONSTANT text := ltrim(trunks_dialled(p_party), '+0');
BEGIN
    RETURN CASE WHEN v_digits ~ '^[0-9]{6,}$' THEN right(v_digits, 8) ELSE '' END;
END
$$;

-- Remember until when the number that called for help may be called back: an hour after the end of its
-- call. That is `p_until`, or later if more such calls of the trunk are live.
CREATE OR REPLACE FUNCTION trunks_note_emergency(
    p_group uuid, p_trunk uuid, p_caller text, p_until timestamptz, p_ended boolean
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_until CONSTANT timestamptz := p_until + interval '60 minutes';
BEGIN
    INSERT INTO trunks_emergencycaller AS w (group_id, trunk_id, last_digits, callable_until)
    VALUES (p_group, p_trunk, trunks_last_digits(p_caller), v_until)
    ON CONFLICT (group_id, trunk_id, last_digits) DO UPDATE SET callable_until =
        CASE WHEN p_ended AND NOT EXISTS (
            SELECT FROM trunks_call c
            WHERE c.group_id = p_group AND c.trunk_id = p_trunk AND c.emergency AND c.ended_at IS NULL
              AND c.lease_expires_at > p_until)
        THEN excluded.callable_until ELSE greatest(w.callable_until, excluded.callable_until) END;
END
$$;

-- Whether an inbound call that would be refused passes nevertheless, because the emergency services may be
-- calling back: to the number that called them, or to any of the trunk if either is unknown. At most two
-- such calls of a trunk are above a limit at the same time.
CREATE OR REPLACE FUNCTION trunks_is_emergency_callback(
    t trunks_trunk, p_direction text, p_callee text, p_now timestamptz
) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_callers CONSTANT text[] := ARRAY(
        SELECT e.last_digits FROM trunks_emergencycaller e
        WHERE e.group_id = t.group_id AND e.trunk_id = t.id AND e.callable_until > p_now);
    v_called text;
BEGIN
    IF p_direction <> 'inbound' OR v_callers = '{}' THEN
        RETURN false;
    END IF;
    v_called := trunks_last_digits(p_callee);
    RETURN EXISTS (SELECT FROM unnest(v_callers) AS caller
                   WHERE right(v_called, length(caller)) = right(caller, length(v_called)))
        AND (SELECT count(*) FROM trunks_call c
             WHERE c.group_id = t.group_id AND c.subscription_id = t.subscription_id AND c.ended_at IS NULL
               AND c.lease_expires_at > p_now AND c.trunk_id = t.id AND c.emergency_callback) < 2;
END
$$;
