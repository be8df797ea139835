"""Rules of products: the quantities that a subscription may hold, and required products.

The checks are added without looking at the rows that are there; the next migration looks.
Whoever changes requirements takes the group's lock before any row's (`lock_product.py`), so that no
two changes make a cycle together.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual

KEYS = """
ALTER TABLE catalogue_requirement
    ADD CONSTRAINT requirement_product FOREIGN KEY (group_id, product_id)
        REFERENCES catalogue_product (group_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT requirement_required FOREIGN KEY (group_id, required_id)
        REFERENCES catalogue_product (group_id, id);

CREATE FUNCTION catalogue_keep_requirements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(
        'catalogue_requirement:' || coalesce(NEW.group_id, OLD.group_id)::text, 0));
    -- A new statement: it sees what was committed before the lock was acquired.
    IF TG_OP = 'INSERT' AND EXISTS (
        WITH RECURSIVE reached (id) AS (
            SELECT NEW.required_id
            UNION
            SELECT r.required_id FROM reached w
            JOIN catalogue_requirement r ON r.group_id = NEW.group_id AND r.product_id = w.id)
        SELECT FROM reached w WHERE w.id = NEW.product_id)
    THEN
        RAISE EXCEPTION 'product % would require itself', NEW.product_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'requirement_cycle';
    END IF;
    UPDATE catalogue_product p
    SET has_requirements = EXISTS (
        SELECT FROM catalogue_requirement r WHERE r.group_id = p.group_id AND r.product_id = p.id
        UNION ALL
        SELECT FROM catalogue_requirement r WHERE r.group_id = p.group_id AND r.required_id = p.id)
    WHERE p.id IN (NEW.product_id, NEW.required_id, OLD.product_id, OLD.required_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER requirements_kept AFTER INSERT OR UPDATE OR DELETE ON catalogue_requirement
    FOR EACH ROW EXECUTE FUNCTION catalogue_keep_requirements();
"""

UNDO = """
DROP TRIGGER requirements_kept ON catalogue_requirement;
DROP FUNCTION catalogue_keep_requirements
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0006_group_keys"), ("tenancy", "0022_group_keys")]

    operations = [
        migrations.AddField("product", "min_quantity", models.IntegerField(null=True)),
        migrations.AddField("product", "max_quantity", models.IntegerField(null=True)),
        migrations.AddField("product", "step", models.IntegerField(null=True)),
        migrations.AddField(
            "product", "has_requirements", models.BooleanField(default=False, db_default=False)
        ),
        AddConstraintNotValid(
            "product",
            models.CheckConstraint(
                condition=Q(
                    min_quantity__range=(1, 1_000_000),
                    max_quantity__range=(1, 1_000_000),
                    step__range=(1, 1_000_000),
                ),
                name="product_limits",
            ),
        ),
        AddConstraintNotValid(
            "product",
            models.CheckConstraint(
                condition=GreaterThanOrEqual(
                    F("max_quantity") - F("max_quantity") % Coalesce(F("step"), 1),
                    Coalesce(F("min_quantity"), 1),
                ),
                name="product_allows_some",
            ),
        ),
        migrations.CreateModel(
            "Requirement",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "group_id",
                        "product_id",
                        "required_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("group_id", models.UUIDField()),
                (
                    "product",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalogue.product",
                    ),
                ),
                (
                    "required",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="catalogue.product",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=~Q(product=F("required")), name="requirement_of_another"
                    )
                ],
                "indexes": [
                    models.Index(fields=["group_id", "required"], name="requirement_by_required")
                ],
            },
        ),
        migrations.RunSQL(KEYS, UNDO),
    ]
