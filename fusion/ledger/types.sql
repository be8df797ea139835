-- What `ledger_write_grants` writes. A type never changes: another shape gets another name.
DO $do$
BEGIN
    -- A grant, or a revoke where `quantity` is negative, with its order line. `granted` is the sum
    -- after it; `nth` counts the changes of one balance.
    IF to_regtype('ledger_grant_change') IS NULL THEN
        CREATE TYPE ledger_grant_change AS (
            subscription_id uuid, sku_id uuid, quantity bigint, granted bigint, nth int,
            is_last boolean, order_id uuid, order_number bigint, order_position int, actor text,
            at timestamptz);
    END IF;
END
$do$;
