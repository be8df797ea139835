-- What a person dialled, from what a telephone system or proxy wrote: a dialled string, a SIP or tel
-- URI, or a URN. The one parser of these, for HTTP and SQL alike. integrations/kamailio/dialled.cfg has
-- the same rule for a proxy whose Fusion does not answer; tests compare the two.

-- Decimal digits of all scripts become those of ASCII, compatible forms (full width, superscript) their
-- ordinary ones; dashes, spaces and invisible characters of any kind are removed. Other characters stay.
CREATE OR REPLACE FUNCTION trunks_ascii(p_text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    -- The zeros of Unicode's scripts; nine digits follow each.
    v_zeros CONSTANT int[] := '{1632,1776,1984,2406,2534,2662,2790,2918,3046,3174,3302,3430,3558,3664,3792,
        3872,4160,4240,6112,6160,6470,6608,6784,6800,6992,7088,7232,7248,42528,43216,43264,43472,43504,43600,
        44016,66720,68912,69734,69872,69942,70096,70384,70736,70864,71248,71360,71472,71904,72016,72784,73040,
        73120,73552,92768,92864,93008,123200,123632,124144,125264}';
BEGIN
    RETURN regexp_replace(
        (SELECT string_agg(coalesce(
            (SELECT chr(48 + ascii(c) - z) FROM unnest(v_zeros) AS z WHERE ascii(c) BETWEEN z AND z + 9), c),
            '' ORDER BY i)
         FROM regexp_split_to_table(normalize(p_text, NFKC), '') WITH ORDINALITY AS s(c, i)),
        '[\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u200b-\u2015\u2028-\u202f\u205f-\u206f'
        '\u2212\u3164\ufe00-\ufe0f\ufeff]', '', 'g');
END
$$;

-- Replace escapes (`%31`) by their characters; NULL if these are no text.
CREATE OR REPLACE FUNCTION trunks_unescaped(p_text text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT convert_from(string_agg(
            CASE WHEN length(m[1]) = 3 AND m[1] LIKE '\%%' THEN decode(substr(m[1], 2), 'hex')
                 ELSE convert_to(m[1], 'UTF8') END, '' ORDER BY i), 'UTF8')
        FROM regexp_matches(p_text, '%[0-9A-Fa-f]{2}|[^%]+|%', 'g') WITH ORDINALITY AS s(m, i));
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
    RETURN NULL;
END
$$;

-- The dialled digits (0 to 9, `*`, `#`, perhaps with a `+` in front or after a prefix), `urn:service:sos`,
-- or NULL if the text is neither. Ignores display name, brackets, scheme, parameters, password and host,
-- escapes, and what people write between digits. Never fails: a call must not end because of its spelling.
CREATE OR REPLACE FUNCTION trunks_dialled(p_text text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    -- What most systems write.
    v_text text := substring(p_text FROM '^(?:sips?:|tel:)?(\+?[0-9]+)(?:[@;].*)?$');
BEGIN
    IF v_text IS NOT NULL OR p_text IS NULL THEN
        RETURN v_text;
    END IF;
    v_text := CASE WHEN p_text ~ '^[\x01-\x7f]*$' THEN p_text ELSE trunks_ascii(p_text) END;
    v_text := regexp_replace(v_text, '^\s*"(?:[^"\\]|\\.)*"', '');
    v_text := btrim(coalesce(substring(v_text FROM '<([^<>]*)'), v_text), E' \t\r\n');
    IF v_text ~* '^urn:service:sos(?:[.;?#]|$)' THEN
        RETURN 'urn:service:sos';
    END IF;
    v_text := regexp_replace(v_text, '^(?:sips?|tel)\s*:(?://)?', '', 'i');
    v_text := regexp_replace(v_text, '[@:;?].*$', '');
    IF strpos(v_text, '%') > 0 THEN
        v_text := trunks_unescaped(v_text);
        v_text := CASE WHEN v_text ~ '^[\x01-\x7f]*$' THEN v_text ELSE trunks_ascii(v_text) END;
        v_text := regexp_replace(v_text, '[@:;?].*$', '');
    END IF;
    v_text := regexp_replace(v_text, '[-./(), \t\r\n]', '', 'g');
    RETURN CASE WHEN v_text ~ '^([0-9*#]{1,4})?\+?[0-9*#]+$' THEN v_text END;
END
$$;
