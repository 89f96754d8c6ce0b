"""Debian's exim, run privately: own configuration, spool, logs and ports below a temporary folder; for tests of bounces."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import eventually

EXIM = Path("/usr/sbin/exim4")
#: A smart host: takes everything from this machine; mails for the desk's domain go to the receiver, mails for
#: `elsewhere.example` to its own second door, where only `known` has a mailbox, all others bounce at once.
_CONFIGURATION = """
exim_user = {user}
exim_group = {group}
never_users =
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
primary_hostname = relay.example
qualify_domain = relay.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port} : {door}
tls_advertise_hosts =
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
keep_environment =
queue_only = false
disable_ipv6 = true
hosts_treat_as_local = *
message_size_limit = 1M
acl_smtp_rcpt = rcpt
acl_smtp_data = accepted

begin acl
rcpt:
  deny condition = ${{if eq{{$received_port}}{{{door}}}}}
       !local_parts = known : slow
       message = 5.1.1 no such user here
  defer condition = ${{if eq{{$received_port}}{{{door}}}}}
        local_parts = slow
        message = 4.2.1 mailbox busy
  accept
accepted:
  accept

begin routers
to_the_desk:
  driver = manualroute
  domains = {desk}
  route_list = * 127.0.0.1 byname
  transport = to_receiver
  self = send
known_mailbox:
  driver = accept
  condition = ${{if eq{{$received_port}}{{{door}}}}}
  transport = nowhere
to_the_door:
  driver = manualroute
  domains = elsewhere.example
  route_list = * 127.0.0.1 byname
  transport = to_door
  self = send

begin transports
to_receiver:
  driver = smtp
  port = {receiver}
  allow_localhost
  hosts_try_fastopen =
to_door:
  driver = smtp
  port = {door}
  allow_localhost
  hosts_try_fastopen =
nowhere:
  driver = appendfile
  file = {folder}/mail/${{lc:known}}
  user = {user}
  group = {group}

begin retry
* * F,1h,1m

begin authenticators
"""


@dataclass(frozen=True)
class Exim:
    """A running mail server. `uri`: where mails are handed to it."""

    folder: Path
    port: int

    @property
    def uri(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it did."""
        logs = (self.folder / "log").glob("*log")
        return "\n".join(file.read_text(errors="replace") for file in sorted(logs))

    def try_again(self) -> None:
        """Have everything that waits in its queue delivered now."""
        self._run("-qff")

    def _run(self, *options: str) -> None:
        command = [EXIM, "-C", self.folder / "exim.conf", *options]
        subprocess.run(command, check=True, capture_output=True, timeout=30)


@contextmanager
def running_exim(desk: str, receiver: int) -> Iterator[Exim]:
    """Delivers mails for the domain `desk` to the port `receiver`, and bounces as exim does."""
    if not EXIM.exists():
        pytest.skip("needs exim4-daemon-light; this machine has another mail server")
    folder = Path(tempfile.mkdtemp(prefix="loopdesk-exim-"))
    try:
        exim = _configured(folder, desk, receiver)
        server = subprocess.Popen(
            [EXIM, "-C", folder / "exim.conf", "-bdf", "-q30m"],
            stdin=subprocess.DEVNULL,
            stdout=(folder / "said").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            eventually(lambda: server.poll() is not None or _listens(exim.port))
            assert server.poll() is None, (folder / "said").read_text()
            yield exim
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(15)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configured(folder: Path, desk: str, receiver: int) -> Exim:
    """As root exim gives its rights up to its own user, who must be able to write here."""
    owner = pwd.getpwnam("Debian-exim") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    for name in ("spool", "log", "mail"):
        (folder / name).mkdir()
        shutil.chown(folder / name, owner.pw_uid, owner.pw_gid)
    shutil.chown(folder, owner.pw_uid, owner.pw_gid)
    port, door = _free_port(), _free_port()
    text = _CONFIGURATION.format(
        user=owner.pw_uid, group=owner.pw_gid, folder=folder, port=port, door=door, desk=desk, receiver=receiver
    )
    (folder / "exim.conf").write_text(text)
    (folder / "exim.conf").chmod(0o644)
    return Exim(folder, port)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
