from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """Balances are found by their key alone.

    Without statistics, the planner could not tell the index of group and SKU from the key, and read
    all balances of a group's SKU to find one of them. The key begins with the group, too.
    """

    atomic = False

    dependencies = [("ledger", "0004_group_keys")]

    operations = [RemoveIndexConcurrently("balance", "balance_of_group")]
