"""promtool of the Prometheus that runs the rules: what it says is passed on with its place."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.rules.finding import Finding, Place
from streamwatch.rules.trials import Trial

PROCESSES = max(2, os.cpu_count() or 2)
SECONDS = 300.0
PAUSE = 0.5  # seconds after which whoever waits is told again
_LINE = re.compile(r"(?:^|\s|\()(?:line )?(\d+):(?:(\d+):)?")
_TEST = re.compile(r"^\s*name: (.+?),?\s*$", re.MULTILINE)
_MOMENT = re.compile(r"\btime: (\w+)")
_NOISE = re.compile(r"^(?:Checking|Unit Testing:|WARNING:|\s*SUCCESS|\s*FAILED:?\s*$)")
CURE = Text("按 promtool 的话改正", "mend what promtool names")
DIFFERS = Text(
    "exp 是测试要的，got 是规则给的：改规则，或让测试的 series、values、exp_labels、exp_annotations 跟上",
    "exp is what the test asks for, got what the rule gives: mend the rule, or let series, values, exp_labels and "
    "exp_annotations of the test follow it",
)


def find_promtool() -> str:
    """It comes with Prometheus."""
    found = shutil.which("promtool", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if found is None:
        raise CommandFailed(
            Text(
                "没有 promtool，请安装：apt-get install prometheus",
                "there is no promtool. Install it: apt-get install prometheus",
            )
        )
    return found


def check(files: Iterable[Path], home: Path) -> list[Finding]:
    """`promtool check rules`: nothing, when all of them are such that Prometheus takes them."""
    promtool = find_promtool()
    with ThreadPoolExecutor(PROCESSES) as pool:
        said = pool.map(lambda path: (path, _run([promtool, "check", "rules", path.name], path.parent)), files)
        return [_finding("promtool/check", path, words, home) for path, words in said if words is not None]


def test(trials: Sequence[Trial], home: Path, tick: Callable[[int, int], None]) -> list[Finding]:
    """`promtool test rules` on every processor. *tick* hears how many of how many are done."""
    promtool = find_promtool()
    pool = ThreadPoolExecutor(PROCESSES)
    asked = [pool.submit(_try, promtool, trial) for trial in trials]
    try:
        waiting = set(asked)
        while waiting:
            _, waiting = wait(waiting, timeout=PAUSE, return_when=FIRST_COMPLETED)
            tick(len(trials) - len(waiting), len(trials))
    finally:
        pool.shutdown(cancel_futures=True)  # whoever presses Ctrl-C does not wait for the rest
    said = zip(trials, [each.result() for each in asked], strict=True)
    return [_finding("promtool/test", trial.file, words, home) for trial, words in said if words is not None]


def _try(promtool: str, trial: Trial) -> str | None:
    """The test by itself; the whole file where promtool does not read that as a test, to hear why."""
    command = [promtool, "test", "rules", trial.file.name]
    if not trial.test:
        return _run(command, trial.file.parent)
    with tempfile.TemporaryDirectory(prefix="streamwatch-rules-") as folder:
        (Path(folder) / "rules.yml").write_text(trial.rules, encoding="utf-8")
        (Path(folder) / trial.file.name).write_text(trial.test, encoding="utf-8")
        words = _run(command, Path(folder))
    return words if words is None or _MOMENT.search(words) else _run(command, trial.file.parent)


def _run(command: Sequence[str], folder: Path) -> str | None:
    """What it said when it failed; None when it did not."""
    try:
        done = subprocess.run(  # noqa: S603 - promtool itself, and files of the clone
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {SECONDS:g} s"
    return None if not done.returncode else f"{done.stdout}\n{done.stderr}"


def _finding(name: str, path: Path, words: str, home: Path) -> Finding:
    shown = str(path.relative_to(home)) if path.is_relative_to(home) else str(path)
    text = "\n    ".join(line.rstrip() for line in words.splitlines() if line.strip() and not _NOISE.match(line))
    lines = path.read_text(encoding="utf-8").splitlines()
    number, column = (_said_place if name.endswith("check") else _test_place)(words.replace(path.name, ""), lines)
    place = Place(shown, number, column, lines[number - 1]) if 0 < number <= len(lines) else Place(shown)
    cure = DIFFERS if name.endswith("test") and _MOMENT.search(words) else CURE
    return Finding(name, place, Text(*[text.strip()] * 2), cure)


def _said_place(words: str, _: Sequence[str]) -> tuple[int, int]:
    found = _LINE.search(words)
    return (int(found[1]), int(found[2] or 1)) if found else (0, 0)


def _test_place(words: str, lines: Sequence[str]) -> tuple[int, int]:
    """promtool names the test, and the moment: the line is looked for. What is no test it names by its line."""
    name, moment = _TEST.search(words), _MOMENT.search(words)
    if not moment:
        return _said_place(words, lines)
    begin = next((at for at, line in enumerate(lines) if name and name[1][:40] in line), 0)
    for at in range(begin, len(lines)):
        if re.search(rf"eval_time: {moment[1]}\b", lines[at]):
            return at + 1, len(lines[at]) - len(lines[at].lstrip()) + 1
    return (begin + 1, 1) if name else (0, 0)


def check_config(path: Path) -> str:
    """What is wrong with a prometheus.yml and all that it names, in promtool's words; empty when nothing is."""
    words = _run([find_promtool(), "check", "config", str(path)], path.parent)
    if words is None:
        return ""
    return "\n".join(line.strip() for line in words.splitlines() if line.strip() and not _NOISE.match(line))
