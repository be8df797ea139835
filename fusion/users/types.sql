-- Rows of a batch while they are provisioned: arrays, each indexed by what the comment above it names.
--
-- A type never changes, because calls in progress hold values of it. Another shape gets another
-- name.
DO $do$
BEGIN
    IF to_regtype('users_rows') IS NOT NULL THEN
        RETURN;
    END IF;
    CREATE TYPE users_rows AS (
        -- by row: what it says; whether that differs from the name or kind of its user; the slots of its
        -- user, its number and its SKU
        id uuid[], login text[], name text[], kind text[], e164 text[], action text[], problem json[],
        changes boolean[], user_slot int[], number_slot int[], sku_slot int[],
        -- by row: the result, the user's number, and the number that it had
        status int[], outcome text[], answer json[], linked text[], former text[],
        -- by user that rows name: NULL until the user exists; the slot of its number
        user_id uuid[], user_number int[],
        -- by number that rows name, that those users have, or that is the next free one of a SKU: its
        -- SKU; its holder before and after; whether it is assigned to the subscription; whether the
        -- subscription may take it, for an entitlement if it is free; whether a row takes it
        number text[], number_sku int[], user_before uuid[], user_after uuid[], trunk uuid[],
        assigned boolean[], takable boolean[], is_free boolean[], is_next boolean[], taken boolean[],
        -- by number: the user to whom its present holder, who gets another one, leaves it
        heir uuid[],
        -- by SKU that rows or free numbers name
        sku uuid[], sku_code text[], granted bigint[], used bigint[],
        -- rows that create, change, link, unlink and delete a user; users that consume a licence, and
        -- that release one
        created int[], edited int[], moved int[], unlinked int[], deleted int[],
        consuming text[], releasing text[]
    );
END
$do$;
