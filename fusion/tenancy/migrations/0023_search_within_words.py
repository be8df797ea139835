from django.db import migrations

# The ends of each word, from each of its letters on: a text is contained in a word if one of the
# word's ends begins with it. See docs/decisions/0041-one-search-of-customers.md.
FUNCTION = r"""
CREATE OR REPLACE FUNCTION tenancy_word_ends(name text, reference text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_word text;
    v_ends text[] := '{}';
BEGIN
    FOREACH v_word IN ARRAY string_to_array(
        translate(lower(name || ' ' || coalesce(reference, '')),
                  '-_./,;:@&()[]{}<>+#"''|\*!?=', repeat(' ', 27)), ' ') LOOP
        FOR start IN 1 .. length(v_word) LOOP
            v_ends := v_ends || substr(v_word, start);
        END LOOP;
    END LOOP;
    RETURN array_to_tsvector(v_ends);
END
$$
"""

INDEX = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS {table}_word_ends
ON tenancy_{table} USING gin (tenancy_word_ends(name, external_reference))
"""


class Migration(migrations.Migration):
    """Customers and subscriptions are found by parts of the words of their names."""

    atomic = False
    dependencies = [("tenancy", "0022_group_keys")]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION tenancy_word_ends(text, text)"),
        *(
            operation
            for table in ("organization", "subscription")
            for operation in (
                # Of an attempt that was interrupted: an index that is not valid.
                migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {table}_word_ends", ""),
                migrations.RunSQL(
                    INDEX.format(table=table),
                    f"DROP INDEX CONCURRENTLY IF EXISTS {table}_word_ends",
                ),
            )
        ),
    ]
