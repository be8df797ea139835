-- Bring the privileges around calls in line: the role of SIP proxies may execute the three functions and
-- nothing else. Proxies log in with roles of their own, which are members of it. Each run of
-- `fusion migrate` calls this, since roles and databases change without it: a superuser creates the
-- role, a dump is restored without privileges. It writes only what differs.
CREATE OR REPLACE FUNCTION trunks_prepare_privileges() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_admit CONSTANT regprocedure := 'calls.admit(uuid, text, text, text, text, interval, text)';
    v_replace CONSTANT regprocedure :=
        'calls.admit_replacing(uuid, text, text, text, text, text, interval, text)';
    v_end CONSTANT regprocedure := 'calls.end_call(uuid, text, text, text)';
    v_role oid;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fusion_calls') THEN
        BEGIN
            CREATE ROLE fusion_calls NOLOGIN;
        EXCEPTION
            WHEN insufficient_privilege THEN
                NULL;  -- `fusion migrate` reports that it is missing
            WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this cluster was being migrated at the same time
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'calls'::regnamespace
               AND has_function_privilege('public', p.oid, 'EXECUTE')) THEN
        REVOKE ALL ON ALL ROUTINES IN SCHEMA calls FROM PUBLIC;
    END IF;
    v_role := (SELECT oid FROM pg_roles WHERE rolname = 'fusion_calls');
    IF v_role IS NOT NULL
       AND (NOT has_schema_privilege(v_role, 'calls', 'USAGE')
            OR (SELECT count(*) FILTER (WHERE p.oid IN (v_admit, v_replace, v_end)) < 3 OR count(*) > 3
                FROM pg_proc p, aclexplode(p.proacl) a
                WHERE p.pronamespace = 'calls'::regnamespace
                  AND a.grantee = v_role AND a.privilege_type = 'EXECUTE')) THEN
        REVOKE ALL ON ALL ROUTINES IN SCHEMA calls FROM fusion_calls;
        GRANT USAGE ON SCHEMA calls TO fusion_calls;
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s, %s, %s TO fusion_calls',
                       v_admit, v_replace, v_end);
    END IF;
    -- Databases upgraded from PostgreSQL 14 let everybody create objects in `public`, where the
    -- functions of calls look up theirs.
    IF has_schema_privilege('public', 'public', 'CREATE') THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    END IF;
    -- By default everybody may create temporary tables of any size; the owner of the database still
    -- may.
    IF has_database_privilege('public', current_database(), 'TEMPORARY')
       AND pg_has_role((SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()),
                       'USAGE') THEN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
END
$$;
