-- The role that servers and workers act as. `fusion migrate` works as the owner of the tables; the
-- runtime role reads and writes rows, and cannot change any table, trigger or function. It can
-- insert into append-only tables, but neither update nor delete.

-- Create the role if allowed, and let the owner take it. Returns what is missing, NULL if nothing.
CREATE OR REPLACE FUNCTION kernel_make_runtime_role() RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_knows_set CONSTANT boolean := current_setting('server_version_num')::int >= 160000;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fusion_runtime') THEN
        BEGIN
            CREATE ROLE fusion_runtime NOLOGIN;
        EXCEPTION
            WHEN insufficient_privilege THEN RETURN 'role';
            WHEN duplicate_object OR unique_violation THEN NULL;  -- created for another database
        END;
    END IF;
    IF NOT pg_has_role('fusion_runtime', CASE WHEN v_knows_set THEN 'SET' ELSE 'MEMBER' END) THEN
        BEGIN
            EXECUTE 'GRANT fusion_runtime TO CURRENT_USER'
                    || CASE WHEN v_knows_set THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
        EXCEPTION WHEN insufficient_privilege THEN
            RETURN 'membership';
        END;
    END IF;
    RETURN NULL;
END
$$;

-- The privileges of the runtime role on a table. If a trigger refuses every UPDATE or
-- DELETE, the role does not get that privilege either.
CREATE OR REPLACE FUNCTION kernel_runtime_privileges(p_table regclass) RETURNS text[]
LANGUAGE sql STABLE AS $$
    WITH refused AS (
        SELECT bool_or(t.tgtype & 8 > 0) AS deletes, bool_or(t.tgtype & 16 > 0) AS updates
        FROM pg_trigger t
        WHERE t.tgrelid = p_table AND t.tgfoid = to_regproc('kernel_append_only')
          AND t.tgqual IS NULL AND t.tgtype & 1 > 0
    )
    SELECT CASE
        WHEN c.relkind IN ('v', 'm') OR c.relname IN ('django_migrations', 'kernel_schema')
            THEN '{SELECT}'
        -- Only the owner changes these tables.
        WHEN c.relname IN ('catalogue_metric', 'trunks_recordretention', 'tenancy_subscriptionowner')
            THEN '{SELECT}'
        -- Records are removed by month, through trunks_drop_partitions().
        WHEN c.relname = 'trunks_callrecord' THEN '{SELECT,INSERT}'
        WHEN c.relispartition THEN '{}'  -- accessed through its parent table
        ELSE array_remove(ARRAY['SELECT', 'INSERT', CASE WHEN r.updates THEN NULL ELSE 'UPDATE' END,
                                CASE WHEN r.deletes THEN NULL ELSE 'DELETE' END], NULL)
    END::text[]
    FROM pg_class c, refused r WHERE c.oid = p_table
$$;

-- Adjust the privileges of the runtime role to the present tables and functions. Grants and revokes
-- only what differs. `fusion migrate` calls it after installing everything.
CREATE OR REPLACE FUNCTION kernel_grant_runtime() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_role CONSTANT oid := (SELECT oid FROM pg_roles WHERE rolname = 'fusion_runtime');
    v_change text;
BEGIN
    FOR v_change IN
        WITH possible(privilege) AS (
            SELECT unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES',
                                'TRIGGER'])
        ), wanted AS (
            SELECT c.oid::regclass AS object, 'TABLE' AS kind, p.privilege,
                   p.privilege = ANY (kernel_runtime_privileges(c.oid)) AS granted
            FROM pg_class c CROSS JOIN possible p
            WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace = 'public'::regnamespace
              AND pg_has_role(c.relowner, 'USAGE')
            UNION ALL
            SELECT c.oid::regclass, 'SEQUENCE', 'USAGE', true
            FROM pg_class c
            WHERE c.relkind = 'S' AND c.relnamespace = 'public'::regnamespace
              AND pg_has_role(c.relowner, 'USAGE')
        )
        SELECT format(CASE WHEN w.granted THEN 'GRANT %s ON %s %s TO fusion_runtime'
                           ELSE 'REVOKE %s ON %s %s FROM fusion_runtime' END,
                      w.privilege, w.kind, w.object)
        FROM wanted w JOIN pg_class c ON c.oid = w.object
        WHERE w.granted <> EXISTS (
            SELECT FROM aclexplode(c.relacl) a
            WHERE a.grantee = v_role AND a.privilege_type = w.privilege)
    LOOP
        EXECUTE v_change;
    END LOOP;
    PERFORM kernel_grant_routines(v_role);
END
$$;

-- The runtime role may call all functions except those of migrations.
CREATE OR REPLACE FUNCTION kernel_grant_routines(p_role oid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_routine regprocedure;
BEGIN
    FOR v_routine IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'calls'))
          AND pg_has_role(p.proowner, 'USAGE')
          AND p.proname NOT IN ('kernel_withhold_functions', 'kernel_make_runtime_role',
                                'kernel_grant_runtime', 'kernel_grant_routines',
                                'ordering_start_numbers', 'trunks_prepare_privileges')
          AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) a
                          WHERE a.grantee = p_role AND a.privilege_type = 'EXECUTE')
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO fusion_runtime', v_routine);
    END LOOP;
    GRANT USAGE ON SCHEMA public, calls TO fusion_runtime;
END
$$;
