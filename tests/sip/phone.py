"""A phone that sends malicious INVITEs, written byte by byte."""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.server import wait_for
from tests.sip.proxy import EXCHANGE, PROXY, Proxy

STATUS = re.compile(rb"SIP/2\.0 (\d+)")
BRANCH = re.compile(rb"branch=z9hG4bK([\w-]+)")


class Phone:
    """At the address of the trunk's telephone system, or another one.

    `finals` are the final answers, by branch.
    """

    def __init__(self, proxy: Proxy, address: str = EXCHANGE) -> None:
        self._proxy = (PROXY, proxy.port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._address = address
        self._socket.bind((address, 0))
        self._socket.setblocking(False)
        self._statuses: dict[str, list[int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def invite(
        self,
        branch: str,
        *,
        callee: str | bytes = "",
        uri: str = "",
        call_id: str | bytes,
        caller: str | bytes = "+3225550200",
        tag: str = "1",
        to_tag: str = "",
        replaces: str = "",
        sender: str | bytes = "",
        recipient: str | bytes = "",
        more: tuple[str | bytes, ...] = (),
    ) -> None:
        """Send an INVITE to a number or a URI; the same once more is a retransmission.

        `sender` and `recipient` are the whole values of From and To, `more` are further headers.
        """
        here = f"{self._address}:{self._socket.getsockname()[1]}".encode()
        there = b"%s:%d" % (PROXY.encode(), self._proxy[1])
        lines = (
            b"INVITE %s SIP/2.0" % (uri.encode() or b"sip:%s@%s" % (_bytes(callee), there)),
            b"Via: SIP/2.0/UDP %s;branch=z9hG4bK%s" % (here, branch.encode()),
            b"From: "
            + (_bytes(sender) or b"<sip:%s@%s>;tag=%s" % (_bytes(caller), here, tag.encode())),
            b"To: "
            + (
                _bytes(recipient)
                or b"<sip:callee@%s>%s" % (there, f";tag={to_tag}".encode() if to_tag else b"")
            ),
            b"Call-ID: " + _bytes(call_id),
            b"CSeq: 1 INVITE",
            b"Contact: <sip:phone@%s>" % here,
            b"Max-Forwards: 70",
            *((b"Route: <sip:%s;lr>" % there,) if to_tag else ()),
            *((b"Replaces: " + replaces.encode(),) if replaces else ()),
            *map(_bytes, more),
            b"Content-Length: 0",
        )
        self._socket.sendto(b"\r\n".join((*lines, b"", b"")), self._proxy)

    def statuses(self, branch: str) -> list[int]:
        """The answers to that INVITE so far, provisional ones too."""
        for answer in self._arrived():
            status, found = STATUS.match(answer), BRANCH.search(answer)
            if status and found:
                self._statuses.setdefault(found[1].decode(), []).append(int(status[1]))
        return self._statuses.get(branch, [])

    def _arrived(self) -> Iterator[bytes]:
        """Available data; the socket does not block."""
        with suppress(BlockingIOError):
            yield from iter(lambda: self._socket.recv(65_536), None)

    def wait_for(self, branch: str, status: int) -> None:
        """Return when that INVITE has that answer."""
        wait_for(
            lambda: status in self.statuses(branch),
            f"{status} to {branch}, got {self._statuses}",
            20,
        )


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
