-- An event to be written. A type never changes: another shape gets another name.
DO $do$
BEGIN
    IF to_regtype('events_fact') IS NULL THEN
        CREATE TYPE events_fact AS (
            path text, subscription_id uuid, type text, subject text, actor text, data json);
    END IF;
END
$do$;
