-- A refusal of a database function: a stable code, and one sentence that says what and why.
CREATE OR REPLACE FUNCTION kernel_problem(p_code text, p_detail text) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object('code', p_code, 'detail', p_detail)
$$;
