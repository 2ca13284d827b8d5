"""`streamwatch serve`: runs the receiver."""

import gc
import logging
import os
import sys
from contextlib import closing, suppress
from pathlib import Path

import click

from streamwatch.cli import doors
from streamwatch.cli.api import config_option, config_path
from streamwatch.config import load
from streamwatch.config.load import open_door
from streamwatch.errors import CommandFailed

log = logging.getLogger(__name__)

NAMES_AT_ONCE = 32  # lookups of the addresses of channels


@click.command("serve")
@config_option
@click.option("--listen", help="地址:端口，代替配置文件里的。host:port instead of the one in duty.yml.")
def command(path: Path | None, listen: str | None) -> None:
    """Run the receiver: alerts in, pages out. 运行接收端。

    Example 例：streamwatch serve --config config/duty.yml
    """
    import uvicorn  # with the whole receiver, which those who ask for help need not wait for

    from streamwatch.app import build

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # These would write URLs, and URLs hold the tokens of robots and the signatures of links.
    for name in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    path = config_path(path)
    config = load(path)
    host, port = doors.address(listen or config.file.listen)
    if words := open_door(config, host):
        raise CommandFailed(words)
    with closing(doors.take(host, port)) as door:
        app = build(path, host=host, opened=True)
        _make_quick()
        log.info("listening on %s:%d", host, port)
        # Who is at the other end of a connection is judged in web/callers.py: uvicorn would believe a header of
        # whoever comes by 127.0.0.1.
        server = uvicorn.Server(
            uvicorn.Config(app, access_log=False, log_config=None, proxy_headers=False, server_header=False)
        )
        with suppress(KeyboardInterrupt):
            server.run([door])
    if not server.started:
        sys.exit(1)


def _make_quick() -> None:
    """For a process that answers in the midst of threads of its own which compute."""
    # uvloop looks up names in half of these: one that hangs keeps its thread until it is given up.
    os.environ.setdefault("UV_THREADPOOL_SIZE", str(NAMES_AT_ONCE * 2))
    sys.setswitchinterval(0.001)  # seconds until folding lets the intake go on; Python's own are five thousandths
    gc.set_threshold(20_000, 20, 20)  # one webhook of a hundred alerts is more than Python's own seven hundred
    gc.collect()
    gc.freeze()  # what was loaded stays, and need not be looked through again and again
