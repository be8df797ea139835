"""Jobs of organizations."""

import django.db.models.expressions
import fusion.kernel.clock
import fusion.kernel.ids
import fusion.kernel.model_fields
from django.db import migrations, models


# Rows of a job go with it; Django knows no foreign key of several columns.
REFERENCES = """
ALTER TABLE lifecycle_job
    ADD CONSTRAINT organization_job_of_organization FOREIGN KEY (group_id, organization_id)
        REFERENCES tenancy_organization (group_id, id);
ALTER TABLE lifecycle_jobrow
    ADD CONSTRAINT organization_job_row_of_job FOREIGN KEY (group_id, job_id)
        REFERENCES lifecycle_job (group_id, id) ON DELETE CASCADE
"""

UNDO = """
ALTER TABLE lifecycle_jobrow DROP CONSTRAINT organization_job_row_of_job;
ALTER TABLE lifecycle_job DROP CONSTRAINT organization_job_of_organization
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [("tenancy", "0028_order_grace")]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('pk', models.CompositePrimaryKey('group_id', 'id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('group_id', models.UUIDField()),
                ('id', models.UUIDField(default=fusion.kernel.ids.new_id)),
                ('number', models.IntegerField()),
                ('kind', models.CharField(max_length=16)),
                ('organization_id', models.UUIDField()),
                ('parent_id', models.UUIDField(null=True)),
                ('reason', models.CharField(max_length=16, null=True)),
                ('note', models.TextField(null=True)),
                ('state', models.CharField(default='queued', max_length=16)),
                ('total', models.IntegerField(default=0)),
                ('done', models.IntegerField(default=0)),
                ('changed', models.IntegerField(default=0)),
                ('unchanged', models.IntegerField(default=0)),
                ('refused', models.IntegerField(default=0)),
                ('failed', models.IntegerField(default=0)),
                ('actor', models.CharField(max_length=80)),
                ('request_id', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(db_default=fusion.kernel.clock.KernelNow())),
                ('finished_at', models.DateTimeField(null=True)),
                ('problem', fusion.kernel.model_fields.JsonTextField(null=True)),
                ('error', models.TextField(null=True)),
            ],
            options={
                'indexes': [models.Index(models.F('organization_id'), models.F('number'), name='organization_job_listed'), models.Index(models.F('finished_at'), condition=models.Q(('finished_at__isnull', False)), name='organization_job_ended')],
                'constraints': [models.UniqueConstraint(models.F('group_id'), models.F('number'), name='organization_job_number'), models.CheckConstraint(condition=models.Q(('kind__in', ('suspension', 'resumption', 'move'))), name='organization_job_kind'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'move'), ('parent_id__isnull', False)), models.Q(models.Q(('kind', 'move'), _negated=True), ('parent_id__isnull', True)), _connector='OR'), name='organization_job_parent'), models.CheckConstraint(condition=models.Q(('reason__isnull', True), ('reason__in', ('non_payment', 'customer', 'fraud', 'migration', 'other')), _connector='OR'), name='organization_job_reason'), models.CheckConstraint(condition=models.Q(('done__gte', 0), ('done__lte', models.F('total')), ('done', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('changed'), '+', models.F('unchanged')), '+', models.F('refused')), '+', models.F('failed')))), name='organization_job_progress'), models.CheckConstraint(condition=models.Q(models.Q(('done', models.F('total')), ('finished_at__isnull', False), ('state', 'finished')), models.Q(('finished_at__isnull', False), ('problem__isnull', False), ('state', 'failed')), models.Q(('error__isnull', False), ('finished_at__isnull', False), ('state', 'failed')), models.Q(('finished_at__isnull', False), ('state', 'cancelled')), models.Q(('finished_at__isnull', True), ('state__in', ('queued', 'running'))), _connector='OR'), name='organization_job_state')],
            },
        ),
        migrations.CreateModel(
            name='JobRow',
            fields=[
                ('pk', models.CompositePrimaryKey('group_id', 'job_id', 'position', blank=True, editable=False, primary_key=True, serialize=False)),
                ('group_id', models.UUIDField()),
                ('job_id', models.UUIDField()),
                ('position', models.IntegerField()),
                ('subscription_id', models.UUIDField()),
                ('outcome', models.CharField(max_length=16, null=True)),
                ('order_id', models.UUIDField(null=True)),
                ('problem', fusion.kernel.model_fields.JsonTextField(null=True)),
                ('settled_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(models.F('group_id'), models.F('subscription_id'), condition=models.Q(('outcome__isnull', True)), name='organization_job_row_waiting')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('outcome__isnull', True), ('settled_at__isnull', True)), models.Q(('outcome__in', ('changed', 'unchanged', 'refused', 'failed')), ('settled_at__isnull', False)), _connector='OR'), name='organization_job_row_outcome'), models.CheckConstraint(condition=models.Q(models.Q(('order_id__isnull', False), ('outcome', 'changed'), ('problem__isnull', True)), models.Q(('order_id__isnull', True), ('outcome__in', ('refused', 'failed')), ('problem__isnull', False)), models.Q(('order_id__isnull', True), ('outcome', 'unchanged'), ('problem__isnull', True)), models.Q(('order_id__isnull', True), ('outcome__isnull', True), ('problem__isnull', True)), _connector='OR'), name='organization_job_row_answer')],
            },
        ),
        migrations.RunSQL(REFERENCES, UNDO),
    ]
