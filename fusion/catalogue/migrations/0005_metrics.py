"""The table of metrics; SKUs refer to it. `install_metrics` adds the metrics of later releases."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0004_clean_references"),
        ("tenancy", "0021_clean_references"),
    ]

    operations = [
        migrations.CreateModel(
            name="MetricRow",
            fields=[
                ("code", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("live", models.BooleanField()),
            ],
            options={
                "db_table": "catalogue_metric",
            },
        ),
        migrations.RunSQL(
            "INSERT INTO catalogue_metric (code, live)"
            " VALUES ('user', false), ('number', false), ('sip_channel', true)",
            migrations.RunSQL.noop,
        ),
        migrations.RemoveConstraint(
            model_name="sku",
            name="sku_type",
        ),
        migrations.AddConstraint(
            model_name="sku",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("country__isnull", True),
                        ("number_type__isnull", True),
                        ("type", "license"),
                        models.Q(("metric", "number"), _negated=True),
                    ),
                    models.Q(
                        ("country__isnull", False),
                        ("metric", "number"),
                        (
                            "number_type__in",
                            (
                                "geographic",
                                "national",
                                "mobile",
                                "toll_free",
                                "shared_cost",
                                "premium_rate",
                                "voip",
                            ),
                        ),
                        ("type", "entitlement"),
                    ),
                    _connector="OR",
                ),
                name="sku_type",
            ),
        ),
        migrations.RunSQL(
            "ALTER TABLE catalogue_sku ADD CONSTRAINT sku_metric"
            " FOREIGN KEY (metric) REFERENCES catalogue_metric (code)",
            "ALTER TABLE catalogue_sku DROP CONSTRAINT sku_metric",
        ),
    ]
