"""What the files are called, and writing them."""

import re
from datetime import tzinfo
from pathlib import Path

from streamwatch.errors import CommandFailed
from streamwatch.report.table import Table

_NAME_BYTES = 150  # with date and ending well below the 255 that file systems take


def file_stem(table: Table, zone: tzinfo) -> str:
    """`<date>_<stream>`: the date on which the window begins in *zone*. Nothing in it leaves the folder."""
    safe = re.sub(r"[^\w.-]+", "_", table.stream).strip(".") or "_"
    safe = safe.encode()[:_NAME_BYTES].decode(errors="ignore")
    return f"{table.window.start.astimezone(zone):%Y-%m-%d}_{safe}"


def write(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Write each text, as UTF-8, into *folder*, which is made if it is missing. Answers the paths."""
    written = []
    for name, text in texts.items():
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", errors="replace"))
        except OSError as error:
            raise CommandFailed(
                f"{path} cannot be written ({error.strerror}); close it elsewhere, or name another --output."
            ) from error
        written.append(path)
    return written
