-- What the functions of ordering pass to each other: arrays, each indexed by what the comment above
-- it names.
--
-- A type never changes, because calls in progress hold values of it. Another shape gets another
-- name.
DO $do$
BEGIN
    IF to_regtype('ordering_calls') IS NULL THEN
        CREATE TYPE ordering_calls AS (  -- by order
            id uuid[], actor text[], request text[], path text[], key text[], fingerprint bytea[],
            subscription uuid[], reference text[], name text[],  -- of the reference, to be locked
            effective timestamptz[], at timestamptz[]);
    END IF;
    IF to_regtype('ordering_lines_v3') IS NULL THEN
        CREATE TYPE ordering_lines_v3 AS (  -- by line
            "order" int[], "position" int[], subscription uuid[], action text[], product uuid[],
            revision int[],   -- that `add` and `set` grant, or that `remove` names; may be null
            quantity bigint[],
            expected bigint[],  -- quantity that must be held before the order; null for any
            reference text[],   -- external reference of the line
            named boolean[],    -- by code or reference instead of by the product's id
            code text[], status text[],  -- of the product; null if the group does not have it
            ruled boolean[]     -- whether the order must keep to rules of the product
        );
    END IF;
    IF to_regtype('ordering_answers') IS NULL THEN
        CREATE TYPE ordering_answers AS (  -- by order; status null: nothing speaks against it yet
            status int[], replayed boolean[], answer text[]);
    END IF;
    IF to_regtype('ordering_books') IS NULL THEN
        CREATE TYPE ordering_books AS (
            -- by holding: sorted by subscription, product and revision, the newest revision first
            holding_subscription uuid[], holding_product uuid[], holding_revision int[],
            holding_quantity bigint[],
            holding_first int[], holding_last int[],  -- its items
            -- by line: the holdings of its product, and the one that it adds to
            line_first int[], line_last int[], line_own int[],
            -- by item of a held revision
            item_balance int[], item_quantity bigint[],
            -- by balance
            balance_subscription uuid[], balance_sku uuid[], balance_code text[],
            balance_granted bigint[], balance_used bigint[]
        );
    END IF;
    IF to_regtype('ordering_decisions_v2') IS NULL THEN
        CREATE TYPE ordering_decisions_v2 AS (
            -- by order
            problem json[],            -- the refusal; null if allowed
            preview json[],            -- its balances before and after, for a preview
            changes json[],            -- the net changes of balances, as the order shows them
            warning json[],            -- expected quantities that a scheduled order does not find
            -- by line
            taken json[],              -- what a removal took, by revision
            held bigint[],             -- what was held before a `set`
            -- by entry, in ledger order; the quantity is negative for a revoke
            entry_line int[], entry_balance int[], entry_quantity bigint[],
            entry_granted bigint[],    -- the sum of its balance after it
            entry_nth int[],           -- counts the entries of one balance
            -- by balance: the number of its entries
            balance_entries int[],
            -- by holding
            holding_quantity bigint[]
        );
    END IF;
END
$do$;
