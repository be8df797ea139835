"""One cluster: where its files lie and how its clients reach it.

A cluster is named by its folder (`data_dir`, usually `var/postgres`). Everything that belongs to it
is found from that folder alone, so that any process of the checkout comes to the same server
without asking another one:

    data/           what initdb made; PostgreSQL's own
    socket/         the unix socket; mode 0700
    fusion.conf     the settings, written anew at every start
    secret          mode 0600; the passwords of the roles are derived from it
    postgres.log    with postgres.log.1 before it
    keeper.log      what the keeper did and why
    *.lock          see `locks`
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from fusion.embedded.errors import EmbeddedPostgresError

DATABASE = "fusion"
ROLE = "fusion"  # the application's: owns its databases, may create more and roles; no superuser
RUNTIME_ROLE = "fusion_runtime"  # what servers and workers act as; it logs nobody in
SERVER = "fusion_server"  # their login, a member of it
SUPERUSER = "postgres"  # the runner's own
PORT = 5432  # part of the socket's name; nothing listens on TCP

SOCKET_PATH_LIMIT = 103  # macOS; Linux takes 107


@dataclass(frozen=True)
class Cluster:
    """A folder, the programs that serve it and the settings it is served with.

    Without `bindir` the embedded wheel's programs are used. `settings` are PostgreSQL settings that
    override the runner's; they take effect when the server next starts.
    """

    data_dir: Path
    bindir: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data_dir", Path(os.path.abspath(self.data_dir)))

    @property
    def home(self) -> Path:
        """The folder itself: `data_dir` may be a link to it (see `home.prepare`)."""
        return Path(os.path.realpath(self.data_dir))

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def failure(self) -> Path:
        """Why the last keeper gave up, for those who wait for it."""
        return self.home / "keeper.error"

    @property
    def socket_dir(self) -> Path:
        """`socket/`, or a folder under /tmp where the path would not fit into a socket address, or
        has a comma, at which libpq sees two hosts.

        Not under $TMPDIR or $XDG_RUNTIME_DIR: they differ between the processes of one user. The
        name comes from the secret, so nobody else can create the folder first.
        """
        inside = self.home / "socket"
        length = len(os.fsencode(inside / f".s.PGSQL.{PORT}"))
        if length <= SOCKET_PATH_LIMIT and "," not in str(inside):
            return inside
        name = f"fusion-{self._derive(f'socket of {self.home}')[:16]}"
        return Path("/tmp", name)  # noqa: S108  (see `home.private_folder`)

    def url(self, database: str = DATABASE) -> str:
        """A libpq URL for the application's role. It holds the password: never log it."""
        return self._url(ROLE, database)

    def server_url(self, database: str = DATABASE) -> str:
        """For servers and workers: a login that can change rows and no table."""
        return self._url(SERVER, database)

    def superuser_url(self) -> str:
        """For the runner itself, which creates roles and databases."""
        return self._url(SUPERUSER, "postgres")

    def password(self, role: str) -> str:
        """Each role has its own: whoever knows the application's cannot become superuser."""
        return self._derive(f"password of {role}")

    def _url(self, role: str, database: str) -> str:
        host = quote(str(self.socket_dir), safe="")
        name = quote(database, safe="")
        return f"postgresql://{role}:{self.password(role)}@/{name}?host={host}&port={PORT}"

    def _derive(self, purpose: str) -> str:
        try:
            secret = (self.home / "secret").read_bytes()
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The secret of the database in {self.home} cannot be read ({error.strerror}): "
                "take a lease first, which creates it, as the user who owns that folder."
            ) from error
        return hmac.new(secret, purpose.encode(), hashlib.sha256).hexdigest()
