"""What pools of channels must be: made of channels that are there, of one kind, and no pools themselves."""

from collections.abc import Iterator

from streamwatch.channels.pool import Settings as Pool
from streamwatch.config.schema import DutyFile
from streamwatch.errors import Mistake
from streamwatch.language import Text
from streamwatch.yaml_file import YamlFile


def contradictions(source: YamlFile, file: DutyFile) -> Iterator[Mistake]:
    """Each with the place of the name that is wrong."""
    alone = {name: each.type for name, each in file.channels.items() if not isinstance(each, Pool)}
    for name, pool in file.channels.items():
        if not isinstance(pool, Pool):
            continue
        for number, member in enumerate(pool.of):
            place = ("channels", name, "of", number)
            if member not in alone:
                known = " ".join(alone) or "none yet"
                yield source.mistake(
                    place,
                    Text(f"没有渠道“{member}”；可用：{known}", f"no channel '{member}'; a pool can hold: {known}"),
                )
            elif alone[member] != alone.get(pool.of[0], alone[member]):
                yield source.mistake(
                    place,
                    Text("同一个池里的渠道类型要相同", "the channels of a pool must be of one type"),
                )
            elif member in pool.of[:number]:
                yield source.mistake(place, Text(f"“{member}”写了两次", f"'{member}' stands twice"))
