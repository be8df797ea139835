-- The data of an event about two subscriptions, as a reader at p_path may see it. Both of its events
-- name the other subscription, and `shared_path` the lowest organization that sees both: a reader below
-- that one does not learn the other.
CREATE OR REPLACE FUNCTION events_shown(p_data json, p_path text) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT (p_data::jsonb - CASE WHEN position(right(p_path, 33) IN p_data ->> 'shared_path') > 0
                                 THEN ARRAY['shared_path']
                                 ELSE ARRAY['shared_path', 'from_subscription_id', 'to_subscription_id']
                            END)::json
$$;
