-- The names that servers of the previous release call.
CREATE OR REPLACE FUNCTION ledger_leased(p_subscription uuid) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT trunks_live_calls(p_subscription)
$$;

CREATE OR REPLACE FUNCTION ledger_leased_at(p_subscription uuid, p_at timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT trunks_live_calls_at(p_subscription, p_at)
$$;

CREATE OR REPLACE FUNCTION ledger_leased_under(p_group uuid, p_path text) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT trunks_live_calls_under(p_group, p_path)
$$;

CREATE OR REPLACE FUNCTION calls.is_emergency(p_callee text, p_country text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = public, pg_temp
AS $$
    SELECT trunks_is_emergency(
        jsonb_populate_record(NULL::trunks_trunk, jsonb_build_object('country', p_country)), p_callee)
$$;
