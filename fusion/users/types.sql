-- Rows of a batch while they are provisioned: arrays, each indexed by what the comment above it names.
--
-- A type never changes, because calls in progress hold values of it. Another shape gets another
-- name.
DO $do$
BEGIN
    IF to_regtype('users_chunk') IS NOT NULL THEN
        RETURN;
    END IF;
    CREATE TYPE users_chunk AS (
        -- by row: the requested user and number, and their slots among users and numbers
        id uuid[], login text[], name text[], kind text[], e164 text[], problem json[],
        user_slot int[], number_slot int[],
        -- by row: the result, the user's number, and the number that it left
        status int[], answer json[], linked text[], former text[],
        -- by user that rows name: NULL until the user exists; the slot of its number
        user_id uuid[], user_number int[],
        -- by number that rows name, or that those users have: its holder before and after
        number text[], assigned boolean[], user_before uuid[], user_after uuid[], trunk uuid[],
        -- rows that create a user, rows that link one, users that consume a licence
        created int[], moved int[], consuming text[]
    );
END
$do$;
