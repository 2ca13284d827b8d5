"""A receiver that cannot start says in one sentence why, and what to do; it never ends in a traceback."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from servers.free_port import free_port
from servers.receiver import STREAMWATCH, PhoneServer, ReceiverProcess, write_config
from streamwatch.cli import main

PHONE = "http://127.0.0.1:9/pages"  # never called


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def sentence(stdout: str, stderr: str) -> str:
    """What is said, without the lines of the log."""
    assert stdout == ""
    (said,) = [line for line in stderr.splitlines() if not re.match(r"\d{4}-\d\d-\d\d .* INFO ", line)]
    return said


def start_alone(config: Path, *arguments: str, language: str = "en") -> str:
    """What a start that fails says, as a process of its own."""
    refused = subprocess.run(
        [STREAMWATCH, "serve", "--config", config, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env=os.environ | {"STREAMWATCH_LANG": language},
    )
    assert refused.returncode == 1
    return sentence(refused.stdout, refused.stderr)


class Start:
    """The same within this process, which has loaded everything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, config: Path, *arguments: str, language: str = "en") -> str:
        self._monkeypatch.setenv("STREAMWATCH_LANG", language)
        self._monkeypatch.setattr(sys, "argv", ["streamwatch", "serve", "--config", str(config), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        return sentence(*self._capsys.readouterr())


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Start:
    return Start(monkeypatch, capsys)


def test_the_port_is_in_use(tmp_path: Path, taken: int, start: Start) -> None:
    """Said in the reader's language, before the database is touched."""
    config = write_config(tmp_path, taken, PHONE)
    assert start_alone(config) == (
        f"streamwatch: 127.0.0.1:{taken} is in use: perhaps a receiver runs already. "
        "Stop it, or name another port with --listen"
    )
    assert start(config, language="zh").startswith(f"streamwatch: 127.0.0.1:{taken} 已被占用")
    assert not (tmp_path / "data").exists()


def test_the_address_is_of_another_machine(tmp_path: Path, start: Start) -> None:
    """192.0.2.1 is nobody's; the password lets it try."""
    (tmp_path / "password").write_text("a console's password")
    config = write_config(tmp_path, free_port(), PHONE, console_password_file="password")
    said = start(config, "--listen", "192.0.2.1:8780")
    assert said.startswith("streamwatch: cannot listen on 192.0.2.1:8780: Cannot assign requested address. Write ")


@pytest.mark.parametrize("listen", ["8780", "127.0.0.1:", "127.0.0.1:port", "127.0.0.1:70000"])
def test_what_is_no_address(tmp_path: Path, start: Start, listen: str) -> None:
    """Refused with an example."""
    said = start(write_config(tmp_path, free_port(), PHONE), "--listen", listen)
    assert said == f"streamwatch: --listen {listen} is not host:port; write it as 127.0.0.1:8780"


def test_postgresql_does_not_answer(tmp_path: Path, start: Start) -> None:
    """Said with the cure, and without the password of the URL."""
    url = f"postgresql://me:the-secret@127.0.0.1:{free_port()}/streamwatch"
    config = write_config(tmp_path, free_port(), PHONE, database=url)
    said = start(config)
    assert re.fullmatch(
        r"streamwatch: the database cannot be opened: .*Connection refused\. "
        "Check 'database' in duty.yml: its server must run, and take this user and this name of a database.",
        said,
    )
    assert "the-secret" not in said
    assert "请检查 duty.yml 里的 database" in start(config, language="zh")


@pytest.mark.parametrize(
    ("database", "why"),
    [("sqlite:////proc/nowhere/x.db", "No such file or directory"), ("sqlite:///{no_database}", "not a database")],
)
def test_a_file_that_cannot_be_a_database(tmp_path: Path, start: Start, database: str, why: str) -> None:
    """A folder that cannot be made; a file that holds something else."""
    other = tmp_path / "letter.txt"
    other.write_text("Dear Alice, " * 200)
    config = write_config(tmp_path, free_port(), PHONE, database=database.format(no_database=other))
    said = start(config)
    assert why in said
    assert said.endswith("this user must be able to write to its folder, and the disk must have room.")


@pytest.mark.parametrize("database", ["oracle://me@127.0.0.1/x", "streamwatch.db"])
def test_an_unknown_database(tmp_path: Path, start: Start, database: str) -> None:
    """Only two kinds are known, and their addresses are written in one way each."""
    said = start(write_config(tmp_path, free_port(), PHONE, database=database))
    assert said.endswith("write sqlite:///FILE or postgresql://USER@HOST/NAME")


def test_a_database_of_a_newer_version(tmp_path: Path, start: Start) -> None:
    """Its schema is not known here: nothing is touched."""
    url = f"sqlite:///{tmp_path}/newer.db"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
    engine.dispose()
    said = start(write_config(tmp_path, free_port(), PHONE, database=url))
    assert said.startswith("streamwatch: the database was made by a newer version of StreamWatch; run that one")


def test_the_configuration_cannot_be_read(tmp_path: Path, start: Start) -> None:
    """Missing, a folder, not YAML, not text: its place and what is wrong."""
    broken, binary = tmp_path / "broken.yml", tmp_path / "binary.yml"
    broken.write_text("listen: [")
    binary.write_bytes(b"\xff\xfe\x00")
    assert start(tmp_path / "none.yml") == (
        f"streamwatch: {tmp_path}/none.yml: no such file; name another with --config"
    )
    assert start(tmp_path) == f"streamwatch: {tmp_path}: cannot be read: Is a directory"
    for path in (broken, binary):
        assert start(path).startswith(f"streamwatch: {path}")


def test_two_receivers_on_one_file(tmp_path: Path, start: Start) -> None:
    """The second one leaves the first alone."""
    with closing(PhoneServer()) as phone:
        port = free_port()
        config = write_config(tmp_path, port, phone.url)
        first = ReceiverProcess(config, port)
        first.start()
        said = start(config, "--listen", f"127.0.0.1:{free_port()}", language="zh")
        assert said == "streamwatch: 另一个接收端正在用这个数据库（streamwatch.db.lock 已锁）；请先停掉它"
        assert first.ready()
        first.kill()
