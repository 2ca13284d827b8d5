"""Where the receiver listens: what is said of it, and the port itself, taken before anything else is begun."""

import errno
import socket
from contextlib import suppress

from streamwatch.errors import CommandFailed
from streamwatch.language import Text

IN_USE = Text(
    "{place} 已被占用：可能已有一个接收端在运行。请先停掉它，或用 --listen 换一个端口",
    "{place} is in use: perhaps a receiver runs already. Stop it, or name another port with --listen",
)
NOT_OURS = Text(
    "不能在 {place} 上监听：{why}。请在 duty.yml 的 listen 里写本机的地址，和大于 1023 的端口",
    "cannot listen on {place}: {why}. "
    "Write an address of this machine and a port above 1023 as 'listen' in duty.yml",
)


def address(listen: str) -> tuple[str, int]:
    """Host and port of *listen*. Raises `CommandFailed` when it is neither."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise CommandFailed(
            (
                f"--listen {listen} 不是 地址:端口；请写成 127.0.0.1:8780",
                f"--listen {listen} is not host:port; write it as 127.0.0.1:8780",
            )
        )
    return host.strip("[]"), int(port)


def take(host: str, port: int) -> socket.socket:
    """The port, bound and not listening yet: nobody is kept waiting. Raises `CommandFailed` without it."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _refused(host, port, error) from error
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(place)
    except OSError as error:
        with suppress(OSError):
            taken.close()
        raise _refused(host, port, error) from error
    return taken


def _refused(host: str, port: int, error: OSError) -> CommandFailed:
    said = IN_USE if error.errno == errno.EADDRINUSE else NOT_OURS
    return CommandFailed(said.format(place=f"{host}:{port}", why=error.strerror))
