-- Why a call that is neither an emergency call nor comes back after one is not admitted; NULL if it is.
CREATE OR REPLACE FUNCTION trunks_call_refusal(
    s tenancy_subscription, t trunks_trunk, p_channels bigint, p_live int, p_live_of_trunk int,
    p_now timestamptz
) RETURNS json
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF s.status <> 'active' THEN
        RETURN kernel_problem('subscription-' || s.status, format(
            'The subscription is %s. Only emergency calls are admitted.', s.status));
    ELSIF p_live_of_trunk >= t.channel_cap THEN
        RETURN calls.refusal_of_channels(s.group_id, 'trunk', format(
            'The channel_cap of the trunk is %s, and it has %s live calls. End a call, or raise the '
            'cap.', t.channel_cap, p_live_of_trunk), t.channel_cap, p_live_of_trunk);
    ELSIF p_live >= p_channels THEN
        RETURN calls.refusal_of_channels(s.group_id, 'subscription', format(
            'The subscription has %s SIP channels and %s live calls. End a call, or order more '
            'channels.', p_channels, p_live), p_channels, p_live);
    ELSIF t.calls_per_second IS NOT NULL THEN
        RETURN trunks_rate_refusal(t, p_now);
    END IF;
    RETURN NULL;
END
$$;
