"""The proxy reads what was dialled as Fusion does, and has the emergency numbers of each trunk."""

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fusion.trunks.models import Trunk
from fusion.trunks.proxy_tables import write_tables
from tests.bounds import PATIENCE
from tests.server import wait_for
from tests.sip.proxy import CONFIGURATION, KAMAILIO, free_udp_port, require_programs
from tests.trunks.calling import rows, trunk_id
from tests.trunks.dialling import DIALLED, uris
from tests.world import World

HERE = "127.0.0.1"
HEADER = re.compile(r"^X-(\w+): (.*)\r$", re.MULTILINE)


@dataclass
class Reader:
    """A Kamailio with `dialled.cfg` and the tables of three trunks."""

    port: int
    trunks: list[str]
    _count: int = 0

    def read(self, uri: str, trunk: str) -> dict[str, str] | None:
        """What it makes of a Request-URI; None if it is none for Kamailio."""
        self._count += 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.bind((HERE, 0))
            asking.settimeout(0.5)
            here = f"{HERE}:{asking.getsockname()[1]}"
            request = (
                f"OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{self._count}\r\n"
                f"From: <sip:test@{here}>;tag=1\r\nTo: <sip:test@{here}>\r\nCall-ID: {here}\r\n"
                f"CSeq: 1 OPTIONS\r\nX-Trunk: {trunk}\r\nContent-Length: 0\r\n\r\n"
            )
            asking.sendto(request.encode(), (HERE, self.port))
            try:
                answered = asking.recv(4000).decode()
            except TimeoutError:
                return None
        return dict(HEADER.findall(answered))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A Belgian trunk, an American one with prefixes and an added number, and one of Guinea."""
    require_programs()
    folder = tmp_path_factory.mktemp("reader")
    world = World()
    rows(
        "INSERT INTO trunks_groupemergencynumber (group_id, country, number)"
        " VALUES (%s, 'US', '933'), (%s, 'GN', '117')",
        world.group.id,
        world.group.id,
    )
    prefixes = ["9", "*8", "#", "00"]
    american = trunk_id(world, country="US", outside_line_prefixes=prefixes)
    trunks = [trunk_id(world), american, trunk_id(world, country="GN")]
    write_tables(folder, world.group.id)
    port = free_udp_port(HERE)
    text = (Path(__file__).parent / "dialled.cfg").read_text(encoding="utf-8")
    for word, value in (
        ("LISTEN", f"{HERE}:{port}"),
        ("TABLES", str(folder)),
        ("CONFIGURATION", str(CONFIGURATION)),
    ):
        text = text.replace(word, value)
    (folder / "reader.cfg").write_text(text, encoding="utf-8")
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [str(KAMAILIO), "-f", str(folder / "reader.cfg"), "-DD", "-E", "-w", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    found = Reader(port, trunks)
    try:
        wait_for(lambda: found.read("sip:1@h", trunks[0]) is not None, "Kamailio answers")
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        shutil.rmtree(folder)


def of_fusion(uri: str, trunk: str) -> dict[str, str]:
    """What Fusion makes of it, in the words of the proxy's answer."""
    [(dialled, emergency)] = rows(
        "SELECT coalesce(trunks_dialled(%s::text), ''), trunks_is_emergency(t, %s::text)::int::text"
        " FROM trunks_trunk t WHERE t.id = %s::uuid",
        uri,
        uri,
        trunk,
    )
    return {"Dialled": dialled, "Emergency": emergency}


BEFORE: tuple[str, ...] = (
    *("", "+", "0", "00", "9", "*8", "#", "+1", "001", "+32", "0032", "+224", "+33", "99"),
    *("9+", "9+1", "9001", "011", "0111", "90111", "#+", "#0111", "0011", "9,", "001161"),
    *("+320", "00320", "+0", "+3200"),
)
NUMBERS = ("112", "911", "933", "100", "117", "999", "1120", "11", "911#", "112##")
LIKELY = st.builds(str.__add__, st.sampled_from(BEFORE), st.sampled_from(NUMBERS))
IN_URI = "-.()/,"
"""Separators that a Request-URI can have."""

READS = settings(suppress_health_check=[HealthCheck.too_slow])
CASES: Any = st.one_of(DIALLED, LIKELY).flatmap(lambda number: uris(number, IN_URI))


@READS
@given(uri=CASES.filter(lambda uri: ":" in uri), trunk=st.integers(0, 2))
@example(uri="urn:service:sos", trunk=2)
@example(uri="URN:service:SOS.fire", trunk=0)
@example(uri="urn:service:sosfire", trunk=0)
@example(uri="urn:service:counseling", trunk=0)
@example(uri="sip:%EF%BC%91%ef%bc%91%EF%BC%92@example.com", trunk=0)
@example(uri="sip:%EF%BC%8B112@example.com", trunk=0)
@example(uri="sip:112%3Bnpdi@example.com", trunk=0)
@example(uri="sip:112%40example.com@192.0.2.1", trunk=0)
@example(uri="sip:1%0912@example.com", trunk=0)
@example(uri="sip:112", trunk=0)
@example(uri="sip:@112", trunk=0)
@example(uri="sip:%3b112@h", trunk=0)
@example(uri="sip:%00112@h", trunk=0)
@example(uri="sip:112%ff@h", trunk=0)
@example(uri="sip:112%4@h", trunk=0)
@example(uri="sip:112%@h", trunk=0)
@example(uri="sip:alice@112", trunk=0)
@example(uri="sip:(-)@h", trunk=0)
def test_the_proxy_and_fusion_agree(reader: Reader, uri: str, trunk: int) -> None:
    read = reader.read(uri, reader.trunks[trunk])
    if read:  # a Request-URI for Kamailio
        assert read == of_fusion(uri, reader.trunks[trunk]), uri


@READS
@given(text=st.text("%0123456789abcdefABCDEF;:@+-.()/*#?", max_size=20))
def test_whatever_it_reads_it_reads_like_fusion_or_not_at_all(reader: Reader, text: str) -> None:
    uri = f"sip:{text}@example.com"
    read = reader.read(uri, reader.trunks[0])
    if read is not None and read["Dialled"]:
        assert read == of_fusion(uri, reader.trunks[0])


def test_a_trunk_that_is_not_in_the_table(reader: Reader) -> None:
    for uri, emergency in (
        ("sip:911@h", "1"),
        ("sip:+32112@h", "1"),
        ("sip:933@h", "1"),
        ("sip:+3225550199@h", "0"),
        ("sip:1234@h", "0"),
        ("sip:alice@h", "0"),
    ):
        read = reader.read(uri, "01980000-0000-7000-8000-000000000009")
        assert read is not None and read["Emergency"] == emergency, uri


def test_every_trunk_is_in_the_table(reader: Reader) -> None:
    for trunk in reader.trunks:
        assert Trunk.objects.unscoped("test").filter(id=trunk).exists()
        read = reader.read("sip:100@h", trunk)
        assert read == of_fusion("sip:100@h", trunk)
