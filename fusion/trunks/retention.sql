-- Create partitions for coming call records and drop old ones. Each function needs a brief lock on
-- the whole table, gives up after a second so that no call waits for it, and is retried. Partitions
-- belong to the owner of the tables, so these functions run with the owner's rights: the worker
-- itself may neither create nor drop a table.

-- Create a partition of the call records for each month from that of p_from to that of p_to;
-- idempotent. Moves rows of a month that came before its partition. Returns how many were created.
-- At most five years of months per call, none before 2000 and none more than two years ahead, so
-- that a caller cannot fill the catalogue with tables.
CREATE OR REPLACE FUNCTION trunks_ensure_partitions(p_from date, p_to date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET lock_timeout = '1s'
AS $$
DECLARE
    v_month date;
    v_name text;
    v_first timestamptz;
    v_end timestamptz;
    v_made int := 0;
BEGIN
    IF num_nulls(p_from, p_to) > 0 OR p_from < '2000-01-01' OR p_to >= p_from + interval '5 years'
       OR p_to >= kernel_now() + interval '2 years' THEN
        RAISE EXCEPTION 'no partitions of call records from % to %', p_from, p_to
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Five years at most in one call, from 2000 to two years ahead.';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('trunks_partitions', 0));
    FOR v_month IN SELECT generate_series(date_trunc('month', p_from), p_to, '1 month') LOOP
        v_name := 'trunks_callrecord_' || to_char(v_month, 'YYYYMM');
        CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
        v_first := v_month::timestamp AT TIME ZONE 'UTC';
        v_end := (v_month + interval '1 month')::timestamp AT TIME ZONE 'UTC';
        -- Attached, not created as a partition: this locks only the default partition against
        -- ending calls.
        LOCK TABLE trunks_callrecord IN SHARE UPDATE EXCLUSIVE MODE;
        LOCK TABLE trunks_callrecord_other IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('CREATE TABLE %I (LIKE trunks_callrecord INCLUDING CONSTRAINTS)', v_name);
        EXECUTE format(
            'WITH moved AS (DELETE FROM trunks_callrecord_other'
            '               WHERE ended_at >= %L AND ended_at < %L RETURNING *)'
            ' INSERT INTO %I SELECT * FROM moved', v_first, v_end, v_name);
        EXECUTE format('ALTER TABLE trunks_callrecord ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       v_name, v_first, v_end);
        v_made := v_made + 1;
    END LOOP;
    RETURN v_made;
END
$$;

-- Drop the call records of all months before p_before; returns how many partitions. Refused if that
-- is less than the minimum retention: trunks_recordretention holds its months, and only the owner
-- of the tables changes it. The worker's own setting would not stop an attacker who took over the
-- worker.
CREATE OR REPLACE FUNCTION trunks_drop_partitions(p_before date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET lock_timeout = '1s'
AS $$
DECLARE
    v_name name;
    v_dropped int := 0;
    v_months CONSTANT int := coalesce((SELECT months FROM trunks_recordretention), 24);
    v_kept CONSTANT date := date_trunc('month', kernel_now() AT TIME ZONE 'UTC')
                            - v_months * interval '1 month';
    v_before CONSTANT date := date_trunc('month', p_before);
BEGIN
    IF v_before > v_kept THEN
        RAISE EXCEPTION 'call records of % and later are kept: the present month and % before it',
                        to_char(v_kept, 'YYYY-MM'), v_months
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Set FUSION_CALL_RECORD_MONTHS for fusion migrate, and run it.';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('trunks_partitions', 0));
    FOR v_name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'trunks_callrecord'::regclass AND c.relname ~ '^trunks_callrecord_[0-9]{6}$'
          AND c.relname < 'trunks_callrecord_' || to_char(v_before, 'YYYYMM')
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE %I', v_name);
        v_dropped := v_dropped + 1;
    END LOOP;
    DELETE FROM trunks_callrecord_other
    WHERE ended_at < v_before::timestamp AT TIME ZONE 'UTC';
    RETURN v_dropped;
END
$$;

-- Of the peaks from p_from to p_to keep the highest minute of each hour; returns how many were
-- deleted.
CREATE OR REPLACE FUNCTION trunks_thin_peaks(p_from timestamptz, p_to timestamptz) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    v_deleted int;
BEGIN
    DELETE FROM trunks_channelpeak w WHERE (w.group_id, w.id) IN (
        SELECT r.group_id, r.id FROM (
            SELECT x.group_id, x.id, row_number() OVER (
                PARTITION BY x.subscription_id, x.trunk_id, date_trunc('hour', x.minute, 'UTC')
                ORDER BY x.peak DESC, x.minute) AS rank
            FROM trunks_channelpeak x WHERE x.minute >= p_from AND x.minute < p_to) r
        WHERE r.rank > 1);
    GET DIAGNOSTICS v_deleted = ROW_COUNT;
    RETURN v_deleted;
END
$$;
