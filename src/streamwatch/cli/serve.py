"""`streamwatch serve`: runs the receiver."""

import logging
from pathlib import Path

import click
import uvicorn

from streamwatch.app import build
from streamwatch.cli.api import config_option, config_path
from streamwatch.config import load
from streamwatch.config.load import is_loopback
from streamwatch.errors import CommandFailed


@click.command("serve")
@config_option
@click.option("--listen", help="地址:端口，代替配置文件里的。host:port instead of the one in duty.yml.")
def command(path: Path | None, listen: str | None) -> None:
    """Run the receiver: alerts in, pages out. 运行接收端。

    Example 例：streamwatch serve --config config/duty.yml
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # These would write URLs, and URLs hold the tokens of robots and the signatures of links.
    for name in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    path = config_path(path)
    config = load(path)
    host, _, port = (listen or config.file.listen).rpartition(":")
    _refuse_open_doors(host, has_password=config.console_password is not None)
    # Names are looked up in threads of ours: other loops have few.
    uvicorn.run(
        build(path), loop="asyncio", host=host.strip("[]"), port=int(port), access_log=False, log_config=None
    )


def _refuse_open_doors(host: str, *, has_password: bool) -> None:
    if not is_loopback(host) and not has_password:
        raise CommandFailed(
            f"listening on {host} would show the console to everyone in the network. "
            "Set console_password_file in duty.yml, or listen on 127.0.0.1."
        )
