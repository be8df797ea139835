-- Order numbers: one plain sequence per group, made when the group is created. The numbers of one
-- group reveal nothing about the orders of another, and no order waits for another. Gaps come only
-- from transactions that were rolled back.

-- The next `p_count` order numbers of a group, ascending.
--
-- A group that a server of an earlier release created has no sequence until `fusion migrate` runs
-- again: it draws from the sequence that all groups shared before. The lock on the table of orders
-- makes ordering_start_numbers() wait for such an order, so that the new sequence starts above its
-- number.
CREATE OR REPLACE FUNCTION ordering_next_numbers(p_group uuid, p_count int) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    v_name CONSTANT text := 'ordering_number_' || replace(p_group::text, '-', '');
    v_sequence regclass := to_regclass(v_name);
BEGIN
    IF v_sequence IS NULL THEN
        LOCK TABLE ordering_order IN ROW EXCLUSIVE MODE;
        v_sequence := coalesce(to_regclass(v_name), 'ordering_number'::regclass);
    END IF;
    IF p_count = 1 THEN
        RETURN ARRAY[nextval(v_sequence)];
    END IF;
    RETURN ARRAY(SELECT nextval(v_sequence) FROM generate_series(1, p_count));
END
$$;

-- The next order number of a group.
CREATE OR REPLACE FUNCTION ordering_next_number(p_group uuid) RETURNS bigint
LANGUAGE sql AS $$
    SELECT (ordering_next_numbers(p_group, 1))[1]
$$;

-- Make the sequence of a group, above the highest number of its orders; false if it has one.
--
-- Runs with the rights of the owner of the tables, so that creating a group needs no other
-- privilege.
CREATE OR REPLACE FUNCTION ordering_make_sequence(p_group uuid) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    v_name CONSTANT text := 'ordering_number_' || replace(p_group::text, '-', '');
    v_first bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(v_name, 0));
    IF to_regclass(v_name) IS NOT NULL
       OR NOT EXISTS (SELECT FROM tenancy_organization WHERE id = p_group AND kind = 'group') THEN
        RETURN false;
    END IF;
    SELECT coalesce(max(number), 0) + 1 INTO v_first FROM ordering_order WHERE group_id = p_group;
    EXECUTE format('CREATE SEQUENCE %I AS bigint START %s', v_name, v_first);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'fusion_runtime') THEN
        EXECUTE format('GRANT USAGE ON SEQUENCE %I TO fusion_runtime', v_name);
    END IF;
    RETURN true;
END
$$;

-- Make the missing sequences of all groups; returns how many. `fusion migrate` calls it after the
-- functions are installed and every order that an earlier function placed has ended.
CREATE OR REPLACE FUNCTION ordering_start_numbers() RETURNS int
LANGUAGE plpgsql AS $$
BEGIN
    -- Waits for orders in progress, and blocks later ones until the sequences are visible.
    LOCK TABLE ordering_order IN SHARE ROW EXCLUSIVE MODE;
    RETURN (SELECT count(*) FILTER (WHERE ordering_make_sequence(o.id))
            FROM tenancy_organization o
            WHERE o.kind = 'group'
              AND to_regclass('ordering_number_' || replace(o.id::text, '-', '')) IS NULL);
END
$$;
