"""The group in every key: see docs/decisions/0037-group-in-every-key.md."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

from fusion.kernel.group_keys import GroupTable, bring

TABLES = (
    GroupTable(
        "users_user",
        parent="tenancy_subscription",
        column="subscription_id",
        unique=(
            ("user_of_subscription", "(subscription_id, id, group_id)"),
            ("user_login", "(subscription_id, lower(login), group_id)"),
            ("user_login_key", "(subscription_id, login_key, login_twin, group_id)"),
        ),
        identity="user_of_subscription",
        references=(("subscription_id", "tenancy_subscription"),),
    ),
    GroupTable(
        "users_job",
        parent="tenancy_subscription",
        column="subscription_id",
        unique=(("job_of_group", "(group_id, id)"),),
        identity="job_of_group",
        references=(("subscription_id", "tenancy_subscription"),),
    ),
    GroupTable(
        "users_jobresult",
        parent="users_job",
        column="job_id",
        key="group_id, job_id, position",
        references=(("job_id", "users_job"),),
    ),
    GroupTable(
        "users_link",
        key="group_id, id",
        keep_key=False,
        unique=(
            ("link_of_number", "(e164, group_id) WHERE unlinked_at IS NULL"),
            ("link_of_user", "(user_id, group_id) WHERE unlinked_at IS NULL"),
        ),
    ),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("users", "0008_clean_logins"), ("tenancy", "0022_group_keys")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="user",
                    name="user_login",
                ),
                migrations.RemoveConstraint(
                    model_name="user",
                    name="user_login_key",
                ),
                migrations.RemoveIndex(
                    model_name="user",
                    name="user_of_subscription",
                ),
                migrations.AddField(
                    model_name="job",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AddField(
                    model_name="jobresult",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AddField(
                    model_name="user",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AlterField(
                    model_name="job",
                    name="subscription",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.subscription",
                    ),
                ),
                migrations.AlterField(
                    model_name="jobresult",
                    name="job",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="users.job",
                    ),
                ),
                migrations.AlterField(
                    model_name="jobresult",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "job_id",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                migrations.AlterField(
                    model_name="user",
                    name="subscription",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.subscription",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="job",
                    constraint=models.UniqueConstraint(
                        models.F("group_id"), models.F("id"), name="job_of_group"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="user",
                    constraint=models.UniqueConstraint(
                        models.F("subscription"),
                        models.F("id"),
                        models.F("group_id"),
                        name="user_of_subscription",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="user",
                    constraint=models.UniqueConstraint(
                        models.F("subscription"),
                        django.db.models.functions.text.Lower("login"),
                        models.F("group_id"),
                        name="user_login",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="user",
                    constraint=models.UniqueConstraint(
                        models.F("subscription"),
                        models.F("login_key"),
                        models.F("login_twin"),
                        models.F("group_id"),
                        name="user_login_key",
                    ),
                ),
            ],
            database_operations=[migrations.RunPython(bring(*TABLES))],
        ),
    ]
