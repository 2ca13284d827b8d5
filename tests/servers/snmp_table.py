"""Run by snmpd (`pass_persist`): answers for a part of the tree from a file that the test may change at any time.

Lines of the file: OID, type, value, as snmpd.conf(5) has them.
"""

import sys
from pathlib import Path

Oid = tuple[int, ...]


def numbers(oid: str) -> Oid:
    return tuple(map(int, oid.strip().lstrip(".").split(".")))


def rows(path: Path) -> dict[Oid, list[str]]:
    lines = (line.split(" ", 2) for line in path.read_text().splitlines())
    return {numbers(oid): [kind, value] for oid, kind, value in lines}


def answer(command: str, oid: Oid, table: dict[Oid, list[str]]) -> list[str]:
    """The lines that snmpd expects for `get` or `getnext`."""
    found: Oid | None = oid if oid in table else None
    if command == "getnext":
        found = min((each for each in table if each > oid), default=None)
    return ["NONE"] if found is None else ["." + ".".join(map(str, found)), *table[found]]


def main() -> None:
    while command := sys.stdin.readline().strip():
        said = (
            ["PONG"]
            if command == "PING"
            else answer(command, numbers(sys.stdin.readline()), rows(Path(sys.argv[1])))
        )
        print(*said, sep="\n", flush=True)


if __name__ == "__main__":
    main()
