from django.db import migrations

FUNCTION = r"""
CREATE FUNCTION tenancy_words(name text, reference text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.simple',
        translate(name || ' ' || coalesce(reference, ''),
                  '-_./,;:@&()[]{}<>+#"''|\*!?=', repeat(' ', 27)))
$$
"""

INDEX = """
CREATE INDEX {table}_words ON tenancy_{table} USING gin (tenancy_words(name, external_reference))
"""


class Migration(migrations.Migration):
    """Indexes for searching customers and subscriptions by the beginnings of words."""

    dependencies = [("tenancy", "0003_brand")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION tenancy_words(text, text)"),
        *(
            migrations.RunSQL(INDEX.format(table=table), f"DROP INDEX {table}_words")
            for table in ("organization", "subscription")
        ),
    ]
