-- What `ledger_change_grants` writes. A type never changes: another shape gets another name.
DO $do$
BEGIN
    -- A grant, or a revoke where `quantity` is negative, with its order line.
    IF to_regtype('ledger_change') IS NULL THEN
        CREATE TYPE ledger_change AS (
            subscription_id uuid, sku_id uuid, quantity bigint, order_id uuid, order_number bigint,
            order_position int, actor text, at timestamptz);
    END IF;
END
$do$;
