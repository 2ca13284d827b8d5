"""A link between two networks that lets each packet wait by chance: run in one of them, with the pid of the other.

The longest wait, in seconds, is read from its standard input, line by line.
"""

import asyncio
import ctypes
import fcntl
import os
import random
import struct
import sys
from contextlib import suppress

NAME = "jitter0"
_SET_TUN, _TUN, _NO_PACKET_INFO = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
_NETWORK = 0x40000000  # CLONE_NEWNET


def tun() -> int:
    """One end, in the network where this process is."""
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, _SET_TUN, struct.pack("16sH22x", NAME.encode(), _TUN | _NO_PACKET_INFO))
    return end


def enter_network_of(pid: int) -> None:
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(namespace)


async def relay(here: int, there: int) -> None:
    """Until the standard input ends."""
    loop, longest, over = asyncio.get_running_loop(), 0.0, asyncio.Event()

    def forward(source: int, to: int) -> None:
        loop.call_later(random.random() * longest, send, to, os.read(source, 65536))

    def send(to: int, packet: bytes) -> None:
        with suppress(OSError):  # the other end is down: the packet is lost, as on any link
            os.write(to, packet)

    def listen() -> None:
        nonlocal longest
        line = sys.stdin.readline()
        if not line:
            over.set()
        else:
            longest = float(line)

    loop.add_reader(here, forward, here, there)
    loop.add_reader(there, forward, there, here)
    loop.add_reader(sys.stdin.fileno(), listen)
    await over.wait()


if __name__ == "__main__":
    one = tun()
    enter_network_of(int(sys.argv[1]))
    other = tun()
    print("ready", flush=True)
    asyncio.run(relay(one, other))
