-- Take the locks of several orders without waiting: see access/try_lock.sql. While a product is being removed,
-- no order gets its locks, because it would wait for the gate.
CREATE OR REPLACE FUNCTION ordering_try_lock_calls(p_group uuid, p_calls jsonb, OUT calls jsonb, OUT positions int[])
LANGUAGE plpgsql AS $$
DECLARE
    c CONSTANT ordering_calls := ordering_read_calls(p_calls);
BEGIN
    IF pg_try_advisory_xact_lock_shared(hashtextextended(ordering_gate(p_group), 0)) THEN
        SELECT w.calls, w.positions INTO calls, positions
        FROM access_try_lock(p_group, p_calls, c.subscription, c.name) w;
    ELSE
        calls := '[]'; positions := '{}';
    END IF;
END
$$;
