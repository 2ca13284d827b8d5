"""Packets get lost on the way up: the kernel drops every eighth to the address that the stage's way leads over."""

import asyncio
import os
import subprocess
from dataclasses import dataclass

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.stack.faults.fault import Scene
from streamwatch.stack.first_start import find_binary
from streamwatch.stack.stage import WAY

TABLE = "streamwatch_drill"
SHARE = 12  # of a hundred: more than the 5 of UplinkLoss, and a stream still comes through


@dataclass(frozen=True)
class Loss:
    async def make(self, scene: Scene) -> None:
        await asyncio.to_thread(_forget)
        # Where they arrive: what is dropped on its way out is refused, and whoever sends it would know.
        rule = f"ip daddr {WAY} numgen random mod 100 < {SHARE} drop"
        chain = f"chain way {{\ntype filter hook input priority 0\n{rule}\n}}"
        await asyncio.to_thread(_nft, f"table inet {TABLE} {{\n{chain}\n}}\n")

    async def mend(self, scene: Scene) -> None:
        await asyncio.to_thread(_forget)

    def lacks(self) -> Text | None:
        if os.geteuid() == 0:
            return None
        return Text(
            "丢包要由内核来做，需要 root：sudo make up", "only root may let the kernel lose packets: sudo make up"
        )


def _forget() -> None:
    """Also what a run before this one left behind."""
    _nft(f"table inet {TABLE}\ndelete table inet {TABLE}\n")


def _nft(words: str) -> None:
    command = [find_binary("nft", "nftables"), "-f", "-"]
    done = subprocess.run(command, input=words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailed(f"nft refused: {done.stderr.strip().splitlines()[0]}")
