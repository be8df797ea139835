-- Clean a text that is not plain ASCII. Leaves a text alone that would become empty or longer.
CREATE OR REPLACE FUNCTION kernel_cleaned(p_text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_clean text;
BEGIN
    v_clean := regexp_replace(p_text, '[\u00ad\ufe00-\ufe0f\ufeff]', '', 'g');
    v_clean := regexp_replace(v_clean, '[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]', ' ', 'g');
    v_clean := btrim(normalize(v_clean, NFC), E' \t\n\u000b\f\r\u001c\u001d\u001e\u001f\u0085\u2028\u2029');
    RETURN CASE WHEN length(v_clean) BETWEEN 1 AND length(p_text) THEN v_clean ELSE p_text END;
END
$$;

-- Clean a reference, key or login: NFC, every kind of space becomes an ordinary one, without
-- surrounding spaces and invisible characters. The harmless half of `clean_line` in
-- fusion/kernel/text.py, for texts that a server of the previous release passes uncleaned; a test
-- compares the two. Texts that only that release accepts stay unchanged.
--
-- Nearly every text is plain ASCII and returned at once: the planner inlines this function.
CREATE OR REPLACE FUNCTION kernel_clean(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_text IS NULL OR p_text ~ '^[!-~]([ -~]*[!-~])?$' THEN p_text
                ELSE kernel_cleaned(p_text) END
$$;
