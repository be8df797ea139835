"""One cluster: its files, and how its clients reach it.

Its folder (`data_dir`, usually `var/postgres`) identifies a cluster. Everything about it is found
from that folder alone, so that all processes of a checkout find the same server:

    data/           PostgreSQL's data directory
    socket/         the unix socket; mode 0700
    fusion.conf     the settings, written again at every start
    secret          mode 0600; the passwords of the roles are derived from it
    postgres.log    and postgres.log.1, the previous one
    keeper.log      the keeper's actions and their reasons
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
ROLE = "fusion"  # the application's: owns its databases, may create roles; no superuser
RUNTIME_ROLE = "fusion_runtime"  # the role that servers and workers set; cannot log in
SERVER = "fusion_server"  # their login, a member of the runtime role
SUPERUSER = "postgres"  # used by the keeper
PORT = 5432  # part of the socket's name; nothing listens on TCP

SOCKET_PATH_LIMIT = 103  # macOS; Linux takes 107


@dataclass(frozen=True)
class Cluster:
    """A folder, the programs of its server, and the server's settings.

    Without `bindir` the embedded wheel's programs are used. `settings` are PostgreSQL settings that
    override the defaults; they take effect when the server next starts.
    """

    data_dir: Path
    bindir: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data_dir", Path(os.path.abspath(self.data_dir)))

    @property
    def home(self) -> Path:
        """The folder itself: `data_dir` may be a link to it."""
        return Path(os.path.realpath(self.data_dir))

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def failure(self) -> Path:
        """The file with the reason why the last keeper gave up."""
        return self.home / "keeper.error"

    @property
    def socket_dir(self) -> Path:
        """`socket/`; a folder under /tmp if the path is too long for a socket address or has a
        comma, which libpq takes for the end of a host.

        Not under $TMPDIR or $XDG_RUNTIME_DIR: they differ between the processes of one user. The
        name is derived from the secret, so nobody else can create the folder first.
        """
        inside = self.home / "socket"
        length = len(os.fsencode(inside / f".s.PGSQL.{PORT}"))
        if length <= SOCKET_PATH_LIMIT and "," not in str(inside):
            return inside
        name = f"fusion-{self._derive(f'socket of {self.home}')[:16]}"
        return Path("/tmp", name)  # noqa: S108  (see `home.private_folder`)

    def url(self, database: str = DATABASE) -> str:
        """A libpq URL for the application's role. It contains the password: never log it."""
        return self._url(ROLE, database)

    def server_url(self, database: str = DATABASE) -> str:
        """For servers and workers: a login that can change rows, but no tables."""
        return self._url(SERVER, database)

    def superuser_url(self) -> str:
        """For the keeper and the leases, which create roles and databases."""
        return self._url(SUPERUSER, "postgres")

    def password(self, role: str) -> str:
        """The role's own password: the application's role cannot become superuser."""
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
