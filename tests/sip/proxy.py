"""Kamailio with the configuration of `integrations/kamailio`, on separate loopback addresses."""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bounds import PATIENCE
from tests.server import wait_for

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "integrations" / "kamailio"

PROXY, EXCHANGE, CARRIER = "127.0.0.1", "127.0.0.2", "127.0.0.3"

KAMAILIO = shutil.which("kamailio", path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin")
"""An ordinary user's PATH does not contain the directory of daemons."""

PACKAGES = "apt-get install --no-install-recommends -y $(./.ci/sip --packages)"


def require_programs() -> None:
    """AssertionError with the command that installs missing programs."""
    missing = [
        name
        for name, found in (("kamailio", KAMAILIO), ("sipp", shutil.which("sipp")))
        if not found
    ]
    assert not missing, f"{' and '.join(missing)} must be installed: {PACKAGES}"


def free_udp_port(address: str) -> int:
    """A free port of that address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Proxy:
    """A running Kamailio; `log` collects its output."""

    folder: Path
    port: int
    exchange_port: int
    carrier_port: int
    process: subprocess.Popen[bytes]
    megabytes: int

    @property
    def log(self) -> str:
        """Its output so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """`kill -9` of all its processes, which form a process group."""
        subprocess.run(["kill", "-9", "--", f"-{self.process.pid}"], check=True, timeout=PATIENCE)
        self.process.wait(PATIENCE)

    def restart(self) -> None:
        """Start it again after `kill`, on the same port and with the same configuration."""
        (self.folder / "kamailio.pid").unlink(missing_ok=True)
        self.process = _start(self.folder, self.megabytes)
        wait_for(lambda: answers(self), "Kamailio answers again")

    def stop(self) -> None:
        """Stop it with a signal."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)


@contextmanager
def run_proxy(
    folder: Path,
    *,
    trunk_id: str,
    words: dict[str, str],
    lines: tuple[str, ...] = (),
    changes: dict[str, str] | None = None,
    megabytes: int = 64,
) -> Iterator[Proxy]:
    """Run the configuration with some words of settings.cfg replaced and some lines uncommented;
    `changes` are made to the text of kamailio.cfg, `megabytes` is its shared memory.

    The trunk's telephone system is at EXCHANGE, the carrier at CARRIER.
    """
    ports = [free_udp_port(address) for address in (PROXY, EXCHANGE, CARRIER)]
    words = {
        "PROXY_ADDRESS": PROXY,
        "PROXY_PORT": str(ports[0]),
        "CARRIER_URI": f"sip:{CARRIER}:{ports[2]}",
        "SIP_WORKERS": "2",
        **words,
    }
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(CONFIGURATION, folder / "etc", dirs_exist_ok=True)
    _settle(folder / "etc" / "settings.cfg", words, lines)
    _map(folder / "etc" / "trunks.cfg", trunk_id, f"sip:{EXCHANGE}:{ports[1]}")
    _change(folder / "etc" / "kamailio.cfg", changes or {})
    process = _start(folder, megabytes)
    proxy = Proxy(folder, ports[0], ports[1], ports[2], process, megabytes)
    try:
        wait_for(lambda: answers(proxy), "Kamailio answers")
        yield proxy
    finally:
        proxy.stop()


def _start(folder: Path, megabytes: int) -> "subprocess.Popen[bytes]":
    with open(folder / "log", "ab") as output:
        return subprocess.Popen(
            [
                *(str(KAMAILIO), "-f", str(folder / "etc" / "kamailio.cfg")),
                *("-DD", "-E", "-m", str(megabytes), "-M", "8"),  # in the foreground
                *("-w", str(folder), "-Y", str(folder)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _around(value: str, found: re.Match[str]) -> str:
    return f"{found[1]}{value}{found[2]}"


def _after(value: str, found: re.Match[str]) -> str:
    return f"{found[1]}{value}"


def _settle(file: Path, words: dict[str, str], lines: tuple[str, ...]) -> None:
    text = file.read_text(encoding="utf-8")
    for word, value in words.items():
        string, number = rf'(?m)^(#!substdef "!{word}!).*(!")$', rf"(?m)^(#!define {word} ).*$"
        assert re.search(string, text) or re.search(number, text), f"settings.cfg has no {word}"
        text = re.sub(string, partial(_around, value), text)
        text = re.sub(number, partial(_after, value), text)
    for line in lines:
        assert f"##!define {line}\n" in text, f"settings.cfg has no {line}"
        text = text.replace(f"##!define {line}\n", f"#!define {line}\n")
    file.write_text(text, encoding="utf-8")


def _map(file: Path, trunk_id: str, exchange: str) -> None:
    example = "01980000-0000-7000-8000-000000000001"
    text = file.read_text(encoding="utf-8").replace(example, trunk_id)
    text = text.replace("sip:192.0.2.10:5060", exchange).replace("192.0.2.10", EXCHANGE)
    file.write_text(text.replace("198.51.100.1", CARRIER), encoding="utf-8")


def _change(file: Path, changes: dict[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text, f"{file.name} has no {before}"
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")


def answers(proxy: Proxy, patience: float = 0.1) -> bool:
    """Whether it answers an OPTIONS within so many seconds."""
    assert proxy.process.poll() is None, f"Kamailio has ended:\n{proxy.log}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind((PROXY, 0))
        asking.settimeout(patience)
        here = f"{PROXY}:{asking.getsockname()[1]}"
        there = f"{PROXY}:{proxy.port}"
        asking.sendto(
            (
                f"OPTIONS sip:{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKready\r\n"
                f"From: <sip:test@{here}>;tag=1\r\nTo: <sip:{there}>\r\nCall-ID: ready\r\n"
                f"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            ).encode(),
            (PROXY, proxy.port),
        )
        try:
            return asking.recv(2000).startswith(b"SIP/2.0 200")
        except OSError:
            return False
