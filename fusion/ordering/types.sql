-- The result of `ordering_decide`: arrays, each indexed by what the comment above it names.
--
-- A type never changes, because calls in progress hold values of it. Another shape gets another
-- name.
DO $do$
BEGIN
    IF to_regtype('ordering_plan') IS NOT NULL THEN
        RETURN;
    END IF;
    CREATE TYPE ordering_plan AS (
        -- by order
        problem json[],            -- the refusal; null if allowed
        preview json[],            -- its balances before and after, for a preview
        changes json[],            -- the net change of each balance
        -- by line
        taken json[],              -- what a removal took, by revision
        -- by entry, in ledger order
        entry_order int[], entry_line int[], entry_balance int[],
        entry_quantity bigint[],   -- negative for a revoke
        entry_sequence bigint[], entry_granted bigint[],
        -- by balance
        balance_subscription uuid[], balance_sku uuid[], balance_code text[], balance_type text[],
        balance_metric text[], balance_before bigint[], balance_granted bigint[], balance_used bigint[],
        balance_first bigint[], balance_sequence bigint[],  -- newest entry before and after
        -- by holding
        holding_subscription uuid[], holding_product uuid[], holding_revision int[],
        holding_before bigint[], holding_quantity bigint[]
    );
END
$do$;
