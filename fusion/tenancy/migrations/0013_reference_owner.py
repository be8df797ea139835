from django.db import migrations, models

TRIGGER = """
CREATE FUNCTION tenancy_own_reference() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.external_reference IS NULL THEN
        NEW.reference_owner_id := NULL;
    ELSIF NEW.reference_owner_id IS NULL THEN
        NEW.reference_owner_id := NEW.group_id;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER organization_own_reference
    BEFORE INSERT OR UPDATE OF external_reference, reference_owner_id ON tenancy_organization
    FOR EACH ROW EXECUTE FUNCTION tenancy_own_reference();
CREATE TRIGGER subscription_own_reference
    BEFORE INSERT OR UPDATE OF external_reference, reference_owner_id ON tenancy_subscription
    FOR EACH ROW EXECUTE FUNCTION tenancy_own_reference();
"""

NO_TRIGGER = """
DROP TRIGGER organization_own_reference ON tenancy_organization;
DROP TRIGGER subscription_own_reference ON tenancy_subscription;
DROP FUNCTION tenancy_own_reference;
"""


def owner() -> models.ForeignKey:
    """The column, the same in both tables."""
    return models.ForeignKey(
        "tenancy.organization", models.PROTECT, null=True, related_name="+", db_index=False
    )


class Migration(migrations.Migration):
    """External references get an owner: the group, if a server does not name one."""

    dependencies = [("tenancy", "0012_idempotency_key")]

    operations = [
        migrations.AddField("organization", "reference_owner", owner()),
        migrations.AddField("subscription", "reference_owner", owner()),
        migrations.RunSQL(TRIGGER, NO_TRIGGER),
    ]
