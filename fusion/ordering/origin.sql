-- The name of the connector that an actor is, by its label; NULL for any other actor. Orders that are
-- placed often get it with their call instead.
CREATE OR REPLACE FUNCTION ordering_connector_of(p_actor text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT c.connector FROM tenancy_apiclient c
    WHERE c.id = CASE WHEN p_actor ~ '^client:[0-9a-f-]{36}$' THEN substr(p_actor, 8)::uuid END
$$;
