"""A hold for each subscription that was suspended before there were holds."""

from django.db import migrations

FILL = """
INSERT INTO tenancy_hold (group_id, id, subscription_id, reason, since)
SELECT s.group_id, gen_random_uuid(), s.id, 'other', kernel_now()
FROM (SELECT id, group_id FROM tenancy_subscription
      WHERE status = 'suspended' ORDER BY id FOR NO KEY UPDATE) s
ON CONFLICT (subscription_id, reason) WHERE lifted_at IS NULL DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0015_hold")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
