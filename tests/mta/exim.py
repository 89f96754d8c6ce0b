"""Debian's exim, run privately: own configuration, spool, logs and ports below a temporary folder."""

from __future__ import annotations

import mailbox
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
from email.message import Message
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
queue_run_max = 2
smtp_accept_queue_per_connection = 0
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
  # a lock of the kernel's dies with its holder; a lock file of one that was killed would be respected for half an hour
  use_lockfile = false
  user = {user}
  group = {group}

begin retry
* * F,1h,1s

begin authenticators
"""


@dataclass
class Exim:
    """A mail server of our own. `uri`: where mails are handed to it."""

    folder: Path
    port: int
    _server: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it did."""
        logs = (self.folder / "log").glob("*log")
        return "\n".join(file.read_text(errors="replace") for file in sorted(logs))

    def mailbox(self, name: str = "known") -> list[Message]:
        """What a mailbox behind its second door has."""
        return list(mailbox.mbox(self.folder / "mail" / name))

    def start(self) -> None:
        """Until it takes mails; what waited in its queue is delivered first."""
        said = self.folder / "said"
        self._server = subprocess.Popen(
            [EXIM, "-C", self.folder / "exim.conf", "-bdf", "-qf1s"],
            stdin=subprocess.DEVNULL,
            stdout=said.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        server = self._server
        eventually(lambda: server.poll() is not None or _listens(self.port))
        assert server.poll() is None, said.read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """It, and whatever it had begun."""
        if self._server is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._server.pid, number)
            self._server.wait(15)
            self._server = None


@contextmanager
def running_exim(desk: str, receiver: int) -> Iterator[Exim]:
    """Delivers mails for the domain `desk` to the port `receiver`, and bounces as exim does."""
    if not EXIM.exists():
        pytest.skip("needs exim4-daemon-light; this machine has another mail server")
    folder = Path(tempfile.mkdtemp(prefix="loopdesk-exim-"))
    exim = _configured(folder, desk, receiver)
    try:
        exim.start()
        yield exim
    finally:
        exim.end(signal.SIGKILL)  # what it began must not write a log any more
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
