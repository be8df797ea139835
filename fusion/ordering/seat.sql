-- The places of orders in the company of others: see access/seat.sql. Nobody has one while a product is
-- being removed, because an order would wait for the gate.
CREATE OR REPLACE FUNCTION ordering_seat(p_group uuid, p_calls jsonb, OUT calls jsonb, OUT places int[])
LANGUAGE plpgsql AS $$
DECLARE
    c CONSTANT ordering_calls := ordering_read_calls(p_calls);
BEGIN
    IF pg_try_advisory_xact_lock_shared(hashtextextended(ordering_gate(p_group), 0)) THEN
        SELECT w.calls, w.places INTO calls, places
        FROM access_seat_with(p_group, p_calls, c.subscription, c.name) w;
    ELSE
        calls := '[]'; places := '{}';
    END IF;
END
$$;
