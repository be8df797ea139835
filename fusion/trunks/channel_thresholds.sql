-- The event `channel.threshold`: the live calls of a subscription reach a share of its channels, or those of
-- a trunk a share of its cap. Upward only, and at most once an hour for each of them and each share.

-- Emit what one more live call has reached. The caller holds the subscription's lock.
CREATE OR REPLACE FUNCTION trunks_note_thresholds(
    s tenancy_subscription, t trunks_trunk, p_at timestamptz, p_channels bigint, p_live int,
    p_live_of_trunk int
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM trunks_emit_threshold(s, NULL, percent, p_at, p_channels, p_live)
    FROM ledger_crossed(p_channels, p_live - 1, p_channels, p_live) AS percent ORDER BY percent;
    PERFORM trunks_emit_threshold(s, t.id, percent, p_at, t.channel_cap, p_live_of_trunk)
    FROM ledger_crossed(t.channel_cap, p_live_of_trunk - 1, t.channel_cap, p_live_of_trunk) AS percent
    ORDER BY percent;
END
$$;

-- Emit one, unless it was emitted less than an hour ago. p_trunk: NULL for the subscription.
CREATE OR REPLACE FUNCTION trunks_emit_threshold(
    s tenancy_subscription, p_trunk uuid, p_percent int, p_at timestamptz, p_limit bigint, p_live int
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trunks_channelthreshold AS w (group_id, subject_id, percent, subscription_id, live, most, at)
    VALUES (s.group_id, coalesce(p_trunk, s.id), p_percent, s.id, p_live, p_limit, p_at)
    ON CONFLICT (group_id, subject_id, percent) DO UPDATE
    SET live = excluded.live, most = excluded.most, at = excluded.at
    WHERE w.at <= p_at - interval '1 hour';
    IF FOUND THEN
        PERFORM events_emit(
            'channel.threshold', s.group_id, s.path, s.id, coalesce(p_trunk, s.id)::text, 'system:calls',
            json_build_object(
                'subject', CASE WHEN p_trunk IS NULL THEN 'subscription' ELSE 'trunk' END,
                'subscription_id', s.id, 'trunk_id', p_trunk, 'live', p_live, 'limit', p_limit,
                'percent', p_percent, 'at', kernel_instant(p_at)));
    END IF;
END
$$;
