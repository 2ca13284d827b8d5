"""`streamwatch duty import`: sessions of a calendar or a table become part of ours."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from streamwatch.calendars import Calendar, Known, read_calendar
from streamwatch.calendars.csv_file import write_csv
from streamwatch.cli.api import config_option, config_path, json_option
from streamwatch.clock import utc_now
from streamwatch.config import Config, load
from streamwatch.duty import Session
from streamwatch.errors import ConfigError
from streamwatch.language import Text, reader_language


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="只显示，不写。Show what would change.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, dir_okay=False),
    help="写入的表，默认 duty.yml 旁的 sessions.csv。The table to write; default: sessions.csv beside duty.yml.",
)
@config_option
@json_option
def command(file: Path, dry_run: bool, into: Path | None, path: Path | None, as_json: bool) -> None:
    """Import sessions from .csv or .ics; those with an id that is known are replaced. 导入场次。

    Example 例：streamwatch duty import show.ics --dry-run
    """
    where = config_path(path)
    config = load(where)
    known = Known({person.id: person.name for person in config.book.people.values()}, config.zone)
    target = into or where.parent / "sessions.csv"
    present = _present(target, known)
    read = read_calendar(file, known, utc_now())
    if read.mistakes:
        _refuse(read, as_json)
    old, elsewhere = {each.id: each for each in present.sessions}, _elsewhere(config, present)
    taken = [each for each in read.sessions if each.id not in elsewhere]
    merged = old | {each.id: each for each in taken}
    told = {
        "new": [each.id for each in taken if each.id not in old],
        "changed": [each.id for each in taken if each.id in old and not _same(each, old[each.id])],
        "unchanged": [each.id for each in taken if each.id in old and _same(each, old[each.id])],
        "elsewhere": [each.id for each in read.sessions if each.id in elsewhere],
    }
    if not dry_run:
        _write(target, sorted(merged.values(), key=lambda each: (each.air.start, each.id)), config)
    listed = target.absolute().resolve() in config.file.sessions_files
    doubts = [*read.doubts, *([] if listed else [NOT_LISTED.format(name=target.name)])]
    _tell(told, doubts, target, dry_run, as_json)


NOT_LISTED = Text(
    "duty.yml 还没有读这张表，请加上 sessions_files: [{name}]",
    "duty.yml does not read this table yet; add sessions_files: [{name}]",
)
WORDS = {
    "new": Text("新增", "new"),
    "changed": Text("更改", "changed"),
    "unchanged": Text("不变", "unchanged"),
    "elsewhere": Text("已写在别处，未导入", "stand elsewhere, not imported"),
}


def _present(target: Path, known: Known) -> Calendar:
    if not target.exists():
        return Calendar()
    present = read_calendar(target, known, utc_now())
    if present.mistakes:
        raise ConfigError(present.mistakes)
    return present


def _elsewhere(config: Config, present: Calendar) -> frozenset[str]:
    """Ids that duty.yml or another file has: to write them here too would be a mistake."""
    mine = {each.id for each in present.sessions}
    return frozenset(each.id for each in config.book.sessions if each.id not in mine)


def _same(one: Session, other: Session) -> bool:
    return asdict(one) == asdict(other)


def _write(target: Path, sessions: list[Session], config: Config) -> None:
    """Whole or not at all: the receiver may read it at any moment."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8", newline="") as file:
        file.write(write_csv(sessions, config.zone))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)


def _refuse(read: Calendar, as_json: bool) -> None:
    if not as_json:
        raise ConfigError(read.mistakes)
    click.echo(json.dumps({"ok": False, "mistakes": [asdict(each) for each in read.mistakes]}, ensure_ascii=False))
    sys.exit(1)


def _tell(told: dict[str, list[str]], doubts: list[Text], target: Path, dry_run: bool, as_json: bool) -> None:
    if as_json:
        warnings = [{"text": each.en, "text_zh": each.zh} for each in doubts]
        shown = {"ok": True, **told, "file": str(target), "written": not dry_run, "warnings": warnings}
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    language = reader_language()
    for key, ids in told.items():
        if ids:
            click.echo(f"{WORDS[key].read_in(language)} {len(ids)}: {' '.join(ids)}")
    for doubt in doubts:
        click.echo(Text(f"注意：{doubt.zh}", f"careful: {doubt.en}").read_in(language), err=True)
    after = Text("已写入 {file}；运行 streamwatch reload 生效", "written to {file}; run streamwatch reload")
    none = Text("没有写入", "nothing was written")
    click.echo((none if dry_run else after.format(file=target)).read_in(language))
