-- A new id: UUID version 7, as `fusion.kernel.ids.new_id` makes them. The first 48 bits are milliseconds;
-- two more bits turn a random UUID's version 4 into 7.
CREATE OR REPLACE FUNCTION kernel_new_id() RETURNS uuid
LANGUAGE sql VOLATILE AS $$
    SELECT encode(set_bit(set_bit(overlay(
        uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM kernel_now()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;
