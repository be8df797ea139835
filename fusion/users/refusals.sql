-- Why a user cannot be created or linked: the same texts for a single request and a row of a batch.

CREATE OR REPLACE FUNCTION users_unknown() RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT kernel_problem('not-found', 'The user does not exist, or you cannot see it.')::text
$$;

CREATE OR REPLACE FUNCTION users_problem_of_state(p_status text) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT kernel_problem('subscription-' || p_status, format(
        'The subscription is %s. You cannot link users to numbers.', p_status))
$$;

CREATE OR REPLACE FUNCTION users_problem_login(p_login text) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'conflict',
        'detail', format('Another user of this subscription has the login %s; case is ignored. Choose '
                         'another login, or use the existing user.',
                         p_login),
        'login', p_login)
$$;

CREATE OR REPLACE FUNCTION users_problem_no_license(
    p_sku text, p_granted bigint, p_used bigint
) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object(
        'code', 'no-license',
        'detail', format('%s: %s ordered, %s in use. Unlink a user, or order more.',
                         p_sku, p_granted, p_used),
        'refusals', json_build_array(json_build_object(
            'sku', p_sku, 'granted', p_granted, 'used', p_used, 'requested', 1,
            'missing', 1 - (p_granted - p_used))))
$$;
