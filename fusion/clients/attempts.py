"""Wrong secrets of API clients, counted by client and address, for all processes.

After `MOST_WRONG` wrong secrets within `WINDOW` seconds, requests for that client from that address
get 429 until the time has passed, without a check of the secret. Other addresses, and addresses
that recently sent the right secret, are not affected: nobody locks a client out by guessing.
"""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from django.http import HttpRequest

from fusion.kernel.client_address import client_address
from fusion.kernel.database import execute, first_row

MOST_WRONG = 10
WINDOW = 300
"""Seconds."""

KNOWN_DAYS = 30
"""How long an address stays trusted after it sent a right secret."""

FIND = """
SELECT wrong, WINDOW - extract(epoch FROM kernel_now() - since),
       right_at > kernel_now() - make_interval(days => KNOWN_DAYS),
       right_at > kernel_now() - interval '1 day'
FROM tenancy_clientattempt WHERE client = %s AND address = %s
""".replace("WINDOW", str(WINDOW)).replace("KNOWN_DAYS", str(KNOWN_DAYS))

WRONG = """
INSERT INTO tenancy_clientattempt AS a (client, address, wrong, since)
VALUES (%s, %s, 1, kernel_now())
ON CONFLICT (client, address) DO UPDATE SET
    wrong = CASE WHEN a.since > excluded.since - make_interval(secs => %s) THEN a.wrong + 1
                 ELSE 1 END,
    since = CASE WHEN a.since > excluded.since - make_interval(secs => %s) THEN a.since
                 ELSE excluded.since END
"""

RIGHT = """
INSERT INTO tenancy_clientattempt (client, address, right_at) VALUES (%s, %s, kernel_now())
ON CONFLICT (client, address) DO UPDATE SET right_at = excluded.right_at
"""


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts for one client from one address; `wait` is in seconds, 0 if there is none."""

    client: str
    address: str
    wait: int = 0
    known: bool = False
    noted: bool = False

    @property
    def refused(self) -> bool:
        """Whether to refuse without checking the secret."""
        return self.wait > 0 and not self.known

    def count_wrong(self) -> None:
        """Count one more wrong secret."""
        execute(WRONG, [self.client, self.address, WINDOW, WINDOW])

    def note_right(self) -> None:
        """Note a right secret; written once a day."""
        if not self.noted:
            execute(RIGHT, [self.client, self.address])


def attempts_of(client_id: str, request: HttpRequest) -> Attempts:
    """The attempts for a client from the request's address."""
    client = hashlib.sha256(client_id.encode("utf-8", "surrogatepass")).hexdigest()
    address = _network(client_address(request.META))
    row = first_row(FIND, [client, address])
    if row is None:
        return Attempts(client, address)
    wrong, left, known, noted = row
    wait = int(left) + 1 if wrong >= MOST_WRONG and left > 0 else 0
    return Attempts(client, address, wait, bool(known), bool(noted))


def _network(address: str) -> str:
    """The address; for IPv6 its /64 network, because one caller may have all of it."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:45]
    if isinstance(found, IPv6Address):
        return str(IPv6Address(int(found) >> 64 << 64))
    return str(found)
