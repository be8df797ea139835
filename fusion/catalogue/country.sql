-- The country of a SKU as the API shows it: 001 for numbers of no country (NumberingCountryField).
CREATE OR REPLACE FUNCTION catalogue_country(p_country text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_country = 'ZZ' THEN '001' ELSE p_country END
$$;
