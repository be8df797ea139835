-- The signature that servers of the previous release call: without filters, for readers by their path.
CREATE OR REPLACE FUNCTION billing_feed(
    p_group uuid, p_path text, p_epoch int, p_xid xid8, p_id bigint, p_limit int, p_reach int
) RETURNS TABLE (epoch int, xid text, id bigint, document text)
LANGUAGE sql AS $$
    SELECT * FROM events_feed(p_group, p_path, p_epoch, p_xid, p_id, p_limit, p_reach,
                              NULL, NULL, NULL, NULL, NULL)
$$;
