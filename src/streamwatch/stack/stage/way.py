"""The way up that loses packets: the kernel drops some that arrive at one loopback address.

The table of nftables belongs to the process that made it: the kernel takes it away when that process is gone,
however it ends. Source: nft(8), "flags owner".

Run as a program: packets get lost as long as it runs.
"""

import asyncio
import os
import subprocess
import sys

from streamwatch.errors import CommandFailed
from streamwatch.language import Text, reader_language
from streamwatch.stack.first_start import find_binary
from streamwatch.stack.stage import WAY

TABLE = "inet streamwatch_drill"
SHARE = 12  # of a hundred: more than the 5 of UplinkLoss, and a stream still comes through
ANSWERS_WITHIN = 10.0  # seconds for nft

# Where they arrive: what is dropped on its way out is refused, and whoever sends it would know.
_RULE = f"ip daddr {WAY} numgen random mod 100 < {SHARE} drop"
_WORDS = f"table {TABLE} {{ flags owner; chain way {{ type filter hook input priority 0; {_RULE}; }}; }}\n"
_OTHER = Text(
    "本机另一套系统正在演练丢包，等它结束再试",
    "another system on this machine loses packets in a drill; wait until it is over",
)
_REFUSED = Text(
    "内核没有照做，原因见 log/stage-loss.log", "the kernel does not lose packets; log/stage-loss.log says why"
)


def loss() -> list[str]:
    """The command that loses packets while it runs."""
    return [sys.executable, "-m", "streamwatch.stack.stage.way"]


async def forget() -> None:
    """Whatever lost packets before and is nobody's any more. Raises `CommandFailed` when it is another's."""
    done = await _nft(f"table {TABLE}\ndelete table {TABLE}\n")
    if done.returncode:
        words = done.stderr.strip().partition("\n")[0]
        is_others = "not permitted" in words and await _stands()
        raise CommandFailed(_OTHER.read_in(reader_language()) if is_others else f"nft refused: {words}")


async def until_lost() -> None:
    """Raises `CommandFailed` when the kernel has no such rule after so long."""
    for _ in range(int(ANSWERS_WITHIN / 0.1)):
        if await _stands():
            return
        await asyncio.sleep(0.1)
    raise CommandFailed(_REFUSED.read_in(reader_language()))


async def _stands() -> bool:
    return (await _nft(f"list table {TABLE}\n")).returncode == 0


async def _nft(words: str) -> subprocess.CompletedProcess[str]:
    command = [find_binary("nft", "nftables"), "-f", "-"]
    try:
        return await asyncio.to_thread(
            subprocess.run,
            command,
            input=words,
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWERS_WITHIN,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"nft did not answer within {ANSWERS_WITHIN:.0f} s") from error


def hold() -> int:
    """Until a signal ends this process: nft ends with its input, and the table with nft. Or until nft ends."""
    command = [find_binary("nft", "nftables"), "--interactive"]
    quiet = os.environ | {"HOME": os.devnull}  # where it would keep what was typed
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, env=quiet) as nft:
        assert nft.stdin is not None
        nft.stdin.write(_WORDS)
        nft.stdin.flush()
        return nft.wait()


if __name__ == "__main__":
    sys.exit(hold())
