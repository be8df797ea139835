"""PostgreSQL that comes with the project: used when no DATABASE_URL names another.

    cluster = Cluster(Path("var/postgres"))
    held = lease(cluster)       # starts the server, or joins the one that runs
    held.url                    # for psycopg, Django, psql; as long as the process lives
    held.release()              # or die: the last one out has the server stopped

The server belongs to no process that uses it. A small keeper (`keeper`) runs it as its child and
watches who holds a lease (`locks`); about two seconds after the last one has gone, it stops the
server and ends. Whoever is killed lets go of its lease by that alone.
"""

from fusion.embedded.binaries import find_bindir
from fusion.embedded.cluster import Cluster
from fusion.embedded.errors import EmbeddedPostgresError
from fusion.embedded.leases import Lease, lease
from fusion.embedded.temporary import run_temporary

__all__ = ["Cluster", "EmbeddedPostgresError", "Lease", "find_bindir", "lease", "run_temporary"]
