-- Only the owner may execute functions by default. PostgreSQL lets everybody execute a new
-- function; this revokes it from all of ours, so that a role may do only what it was granted by
-- name. Functions of extensions and of others are left alone. Called when everything is installed.
CREATE OR REPLACE FUNCTION kernel_withhold_functions() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_routine regprocedure;
BEGIN
    FOR v_routine IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND pg_has_role(p.proowner, 'USAGE')
          AND has_function_privilege('public', p.oid, 'EXECUTE')
          AND NOT EXISTS (SELECT FROM pg_depend d
                          WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', v_routine);
    END LOOP;
END
$$;
