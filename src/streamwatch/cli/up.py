"""`streamwatch up`: the whole system with a real demo stream, in the foreground."""

import asyncio
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from streamwatch.language import Text, reader_language
from streamwatch.stack.first_start import check_config, forget_old_stream, make_secrets, write_config
from streamwatch.stack.parts import parts
from streamwatch.stack.phone import Phone
from streamwatch.stack.places import Places, find_places
from streamwatch.stack.ports import Ports, choose
from streamwatch.stack.screen import Screen
from streamwatch.stack.supervisor import Supervisor

folder = click.Path(file_okay=False, path_type=Path)
home_option = click.option("--home", type=folder, help="仓库目录。The clone; default: where you are.")
state_option = click.option("--state", type=folder, help="状态目录。All state; default: .streamwatch in the clone.")


@click.command("up")
@home_option
@state_option
@click.option("--ports", type=click.Choice(["default", "free"]), default="default", show_default=True,
              help="用默认端口还是任意空闲端口。The documented ports, or any free ones.")  # fmt: skip
def command(home: Path | None, state: Path | None, ports: str) -> None:
    """Start everything with a demo stream; Ctrl-C stops it. 启动整套系统与演示直播。

    Example 例：streamwatch up
    """
    places = find_places(home, state)
    places.make()
    with places.taken():
        in_use = choose(free=ports == "free")
        make_secrets(places)
        write_config(places, in_use)
        check_config(places)
        forget_old_stream(places)
        asyncio.run(_run(places, in_use))
    click.echo(Text("已全部停止。", "all stopped.").read_in(reader_language()))


async def _run(places: Places, ports: Ports) -> None:
    screen = Screen(Console(), reader_language())
    supervisor = Supervisor(places, ports, parts(places, ports), screen.passed)
    phone = Phone(ports["phone"], screen.ring)
    screen.begin()
    try:
        await supervisor.run(partial(screen.ready, ports))
    finally:
        screen.end()
        phone.close()
