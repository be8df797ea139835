"""A cluster for one test run: its own folder, its own server, nothing left afterwards."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fusion.embedded import server
from fusion.embedded.cluster import Cluster
from fusion.embedded.errors import EmbeddedPostgresError
from fusion.embedded.leases import Lease, lease, stop

# A crash of the machine loses the data, which is thrown away anyway.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def run_temporary(
    data_dir: Path,
    *,
    bindir: Path | None = None,
    settings: Mapping[str, str] | None = None,
    fast: bool = False,
) -> Iterator[Lease]:
    """Lease a new cluster in `data_dir`; at the end stop it, even if it is in use, and remove it.

    `fast` gives up durability, so what is measured or killed in there needs `fast=False`.
    """
    cluster = Cluster(data_dir, bindir, {**(FAST if fast else {}), **(settings or {})})
    if cluster.data.exists():
        raise EmbeddedPostgresError(f"{data_dir} contains a database that would be removed.")
    try:
        with lease(cluster) as held:
            yield held
    finally:
        _remove(cluster)


def _remove(cluster: Cluster) -> None:
    home = cluster.home
    if (home / "secret").exists():
        socket_dir = cluster.socket_dir
        stop(cluster)
        left = server.find_running(cluster)  # if its keeper was killed
        if left is not None:
            left.stop()
        server.end_orphans(cluster.data)
        shutil.rmtree(socket_dir, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)
