"""The command `streamwatch-exporter`: run it, or check a file. Exit codes: 0 good, 1 bad, 2 wrong usage."""

import argparse
import asyncio
import ipaddress
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from streamwatch_exporters import __version__
from streamwatch_exporters.config import Config, load_config, split_listen
from streamwatch_exporters.event_loop import event_loop_factory
from streamwatch_exporters.exporter import Exporter
from streamwatch_exporters.language import Text, reader_language
from streamwatch_exporters.mistakes import ConfigMistakes
from streamwatch_exporters.server import ExporterServer

logger = logging.getLogger(__name__)

_DEFAULT_CONFIG = Path("config/streams.yml")
_CONFIGURED = Path()
"""`--check` without a file means the one of `--config`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; answers its exit code."""
    options = _parser().parse_args(arguments)
    if options.check is not None:
        path = options.config if options.check == _CONFIGURED else options.check
        return _check(path, read_secrets=not options.syntax_only, as_json=options.json)
    try:
        config = load_config(options.config)
    except ConfigMistakes as exc:
        print(exc.read_in(reader_language()), file=sys.stderr)  # noqa: T201
        return 1
    listen = options.listen or config.listen
    if refusal := _refuse(listen, allow_remote=options.allow_remote):
        print(refusal.read_in(reader_language()), file=sys.stderr)  # noqa: T201
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
        return runner.run(_serve(config, options.config, *split_listen(listen)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="streamwatch-exporter", description="Metrics of live streams for Prometheus. 直播指标采集器"
    )
    parser.add_argument(
        "--config", type=Path, default=_DEFAULT_CONFIG, metavar="FILE", help="streams.yml 配置文件 (%(default)s)"
    )
    parser.add_argument("--listen", metavar="HOST:PORT", help="instead of the file's 监听地址，优先于配置文件")
    parser.add_argument(
        "--allow-remote", action="store_true", help="listen beyond this machine 允许监听本机以外的地址"
    )
    parser.add_argument(
        "--check",
        type=Path,
        nargs="?",
        const=_CONFIGURED,
        metavar="FILE",
        help="say whether the file is good, and stop 只检查配置文件",
    )
    parser.add_argument(
        "--syntax-only", action="store_true", help="with --check: do not look at secret files 检查时不读密钥文件"
    )
    parser.add_argument("--json", action="store_true", help="with --check: one JSON object 以 JSON 输出检查结果")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _check(path: Path, *, read_secrets: bool, as_json: bool) -> int:
    mistakes = []
    try:
        load_config(path, read_secrets=read_secrets)
    except ConfigMistakes as exc:
        mistakes = exc.mistakes
    language = reader_language()
    if as_json:
        listed = [
            {
                "file": mistake.file,
                "line": mistake.place.line,
                "column": mistake.place.column,
                "key": mistake.key,
                "text_zh": mistake.text.zh,
                "text_en": mistake.text.en,
            }
            for mistake in mistakes
        ]
        print(json.dumps({"ok": not mistakes, "file": str(path), "mistakes": listed}, ensure_ascii=False))  # noqa: T201
    elif mistakes:
        print("\n".join(mistake.read_in(language) for mistake in mistakes), file=sys.stderr)  # noqa: T201
    else:
        print(f"{path}: ok")  # noqa: T201
    return 1 if mistakes else 0


def _refuse(listen: str, *, allow_remote: bool) -> Text | None:
    """The page shows what is watched to whoever reaches it: beyond this machine only when meant."""
    try:
        host, _ = split_listen(listen)
    except ValueError:
        return Text("--listen 应为 主机:端口", "--listen takes host:port")
    if allow_remote or host == "localhost":
        return None
    try:
        if ipaddress.ip_address(host).is_loopback:
            return None
    except ValueError:
        pass
    return Text(
        f"{host} 可从其他机器访问；确实需要请加 --allow-remote",
        f"{host} can be reached from other machines; add --allow-remote if that is meant",
    )


async def _serve(config: Config, path: Path, host: str, port: int) -> int:
    told = _told_to_stop()
    exporter = Exporter(config)
    await exporter.start()
    # No access log: a request line may hold what its sender should not have put there.
    runner = web.AppRunner(ExporterServer(exporter, path).app(), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        logger.info("listening on %s:%d, watching %d streams", host, port, len(config.streams))
        await told.wait()
    except OSError:
        said = Text(
            f"{host}:{port} 已被占用或不可用，请换一个 --listen",
            f"{host}:{port} is taken or not available: choose another with --listen",
        )
        print(said.read_in(reader_language()), file=sys.stderr)  # noqa: T201
        return 1
    finally:
        await runner.cleanup()
        await exporter.close()
    return 0


def _told_to_stop() -> asyncio.Event:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told
