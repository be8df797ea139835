"""PostgreSQL that comes with the project: used if no DATABASE_URL names another.

    cluster = Cluster(Path("var/postgres"))
    held = lease(cluster)       # starts the server, or joins the running one
    held.url                    # for psycopg, Django, psql; valid while the process lives
    held.release()              # or exit: the server stops after its last user

The server belongs to no process that uses it. A small keeper (`keeper`) runs it as its child and
watches the leases (`locks`); about two seconds after the last one was released, it stops the server
and exits. The kernel releases the lease of a killed process.
"""

from fusion.embedded.binaries import find_bindir
from fusion.embedded.cluster import Cluster
from fusion.embedded.errors import EmbeddedPostgresError
from fusion.embedded.leases import Lease, lease

__all__ = ["Cluster", "EmbeddedPostgresError", "Lease", "find_bindir", "lease"]
