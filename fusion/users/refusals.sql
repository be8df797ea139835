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

-- Why a row of a batch can do nothing, whatever its number; NULL if it may. p_number: of the user, p_wanted:
-- of the row; p_sku: of the row, p_sku_of_number: of the number that the row names.
CREATE OR REPLACE FUNCTION users_problem_of_row(
    p_problem json, p_status text, p_login text, p_name text, p_action text, p_user uuid,
    p_number text, p_wanted text, p_sku text, p_sku_of_number text
) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_problem IS NOT NULL THEN p_problem
        WHEN p_status <> 'active' THEN users_problem_of_state(p_status)
        WHEN p_action IS NOT NULL AND p_user IS NULL THEN json_build_object(
            'code', 'not-found',
            'detail', format('No user of this subscription has the login %s. Nothing was changed.', p_login),
            'login', p_login)
        WHEN p_action IS NOT NULL AND p_wanted <> coalesce(p_number, p_wanted) THEN kernel_problem(
            'conflict', format('The user %s has the number %s, not %s. Nothing was changed.', p_login,
                               p_number, p_wanted))
        WHEN p_action IS NOT NULL THEN NULL
        WHEN p_user IS NULL AND p_name IS NULL THEN numbers_wrong_field(
            'display_name', 'is required for a new user')::json
        WHEN p_sku <> p_sku_of_number THEN numbers_wrong_field('sku', format(
            'is %s, but %s is a number of %s', p_sku, p_wanted, p_sku_of_number))::json
    END
$$;

-- Why a user cannot get a number; NULL if it can. p_user: the present or next holder.
CREATE OR REPLACE FUNCTION users_problem_of_number(
    p_e164 text, p_assigned boolean, p_takable boolean, p_user uuid, p_trunk uuid
) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_user IS NOT NULL AND p_trunk IS NULL THEN json_build_object(
            'code', 'number-in-use',
            'detail', format('%s is linked to the user %s. Unlink it there first, or choose another number.',
                             p_e164, coalesce(u.login, 'of an earlier row')),
            'user_id', p_user, 'trunk_id', NULL, 'login', u.login, 'e164', p_e164)
        WHEN NOT p_takable
            THEN numbers_holder_refusal(p_e164, p_assigned, p_user, p_trunk, 'user')
    END
    FROM (SELECT) x LEFT JOIN users_user u ON u.id = p_user
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
