"""The JSON document, and what the files are called."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.report.document import document
from streamwatch.report.export import Export, Form
from streamwatch.report.files import file_stem, write
from streamwatch.report.table import Column, Table
from streamwatch.report.window import window

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 22, 19, 0, tzinfo=SHANGHAI)
SPAN = window(START, START + timedelta(minutes=2), 60, SHANGHAI)
VIEWERS = Column("viewers", Text("在线", "Viewers"), Text("人", "people"), "max", 0, "sum(x)", (1 / 3, None))


def table(stream: str = "demo") -> Table:
    return Table(stream, SPAN, (VIEWERS,))


def test_the_document() -> None:
    """Machine names, base units, nothing rounded, null where there is no data, and the incidents whole."""
    assert document(table(), [{"id": "12", "alertname": "X"}], SHANGHAI) == {
        "stream": "demo",
        "timezone": "Asia/Shanghai",
        "from": "2026-11-22T19:00:00+08:00",
        "to": "2026-11-22T19:02:00+08:00",
        "step_seconds": 60,
        "coverage": 0.5,
        "columns": [
            {"key": "viewers", "name_zh": "在线", "name_en": "Viewers", "unit": "people", "query": "sum(x)"}
        ],
        "rows": [
            {"at": "2026-11-22T19:00:00+08:00", "viewers": 1 / 3, "coverage": 1.0},
            {"at": "2026-11-22T19:01:00+08:00", "viewers": None, "coverage": 0.0},
        ],
        "summary": {"viewers": {"average": 1 / 3, "max": 1 / 3, "min": 1 / 3, "coverage": 0.5}},
        "alerts": [
            {"alertname": "X", "incidents": 1, "false_alarms": 0, "useful": 0, "not_useful": 0},
        ],
        "incidents": [{"id": "12", "alertname": "X"}],
    }


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("all", ["2026-11-22_demo.csv", "2026-11-22_demo.json", "2026-11-22_demo_incidents.csv"]),
        ("csv", ["2026-11-22_demo.csv", "2026-11-22_demo_incidents.csv"]),
        ("json", ["2026-11-22_demo.json"]),
    ],
)
def test_the_form_chooses_the_files(form: Form, names: list[str]) -> None:
    """CSV brings the timeline along; JSON has it inside."""
    texts = Export(table(), [], SHANGHAI).texts(form)
    assert list(texts) == names
    assert all(json.loads(text) for name, text in texts.items() if name.endswith(".json"))


@pytest.mark.parametrize(
    ("stream", "stem"),
    [
        ("demo", "2026-11-22_demo"),
        ("直播间 1", "2026-11-22_直播间_1"),
        ("../../etc/passwd", "2026-11-22__.._etc_passwd"),
        ("..", "2026-11-22__"),
        ("a:b*c?", "2026-11-22_a_b_c_"),
        ("卡" * 300, "2026-11-22_" + "卡" * 50),
    ],
)
def test_a_name_of_a_stream_cannot_leave_the_folder(stream: str, stem: str) -> None:
    """Separators and signs that file systems refuse become underscores, and long names are cut."""
    assert file_stem(table(stream), SHANGHAI) == stem


def test_the_date_is_the_teams() -> None:
    """Half past midnight in Shanghai is a new day there, and still the old one in Hawaii."""
    late = window(
        datetime(2026, 11, 23, 0, 30, tzinfo=SHANGHAI), datetime(2026, 11, 23, 2, tzinfo=SHANGHAI), 60, SHANGHAI
    )
    assert file_stem(Table("demo", late, ()), SHANGHAI) == "2026-11-23_demo"
    assert file_stem(Table("demo", late, ()), ZoneInfo("Pacific/Honolulu")) == "2026-11-22_demo"


def test_the_folder_is_made(tmp_path: Path) -> None:
    """Nobody has to make folders first; the answer names what was written."""
    folder = tmp_path / "review" / "november"
    assert write(folder, {"a.csv": "卡"}) == [folder / "a.csv"]
    assert (folder / "a.csv").read_text(encoding="utf-8") == "卡"


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    """The sentence names the place and the cure."""
    (tmp_path / "taken").touch()
    with pytest.raises(CommandFailed, match=r"taken/a\.csv cannot be written .*--output"):
        write(tmp_path / "taken", {"a.csv": ""})
