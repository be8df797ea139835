"""Call records: one row per call that is over, a partition a month, and one for all the rest.

Partitions are what retention removes; `trunks_ensure_partitions` makes those of coming months.
"""

from django.db import migrations

TABLE = """
CREATE TABLE trunks_callrecord (
    id bigint GENERATED ALWAYS AS IDENTITY,
    group_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    trunk_id uuid NOT NULL,
    direction varchar(8) NOT NULL,
    call_id varchar(255) NOT NULL COLLATE "C",
    caller varchar(255) NOT NULL,
    callee varchar(255) NOT NULL,
    admitted_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    emergency boolean NOT NULL,
    reason varchar(8) NOT NULL,
    PRIMARY KEY (ended_at, id),
    CONSTRAINT callrecord_ended CHECK (ended_at >= admitted_at),
    CONSTRAINT callrecord_reason CHECK (reason IN ('ended', 'lapsed'))
) PARTITION BY RANGE (ended_at);
CREATE TABLE trunks_callrecord_other PARTITION OF trunks_callrecord DEFAULT;
CREATE INDEX callrecord_of_group ON trunks_callrecord (group_id, ended_at, id);
CREATE INDEX callrecord_of_subscription ON trunks_callrecord (subscription_id, ended_at, id);
CREATE INDEX callrecord_of_trunk ON trunks_callrecord (trunk_id, ended_at, id);
"""


class Migration(migrations.Migration):
    dependencies = [("trunks", "0001_initial")]
    operations = [migrations.RunSQL(TABLE, "DROP TABLE trunks_callrecord")]
