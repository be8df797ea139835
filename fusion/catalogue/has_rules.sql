-- Whether orders of a product look for its rules: limits of the quantity held, or requirements. A plain
-- expression, so that it is inlined.
CREATE OR REPLACE FUNCTION catalogue_has_rules(p catalogue_product) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT p.has_requirements OR num_nonnulls(p.min_quantity, p.max_quantity, p.step) > 0
$$;
