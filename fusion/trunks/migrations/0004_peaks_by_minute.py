"""Peaks are found by their minute through a tree.

Thinning frees room on old pages, and new minutes go there: before long every range of pages holds
minutes of all times, and an index that knows ranges of pages only finds nothing any more.
"""

from django.db import migrations

BY_MINUTE = """
DROP INDEX channel_peak_age;
CREATE INDEX channel_peak_age ON trunks_channelpeak (minute);
"""

BY_PAGES = """
DROP INDEX channel_peak_age;
CREATE INDEX channel_peak_age ON trunks_channelpeak USING brin (minute);
"""


class Migration(migrations.Migration):
    dependencies = [("trunks", "0003_access")]
    operations = [migrations.RunSQL(BY_MINUTE, BY_PAGES)]
