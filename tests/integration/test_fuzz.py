"""Schemathesis over everything that the receiver's OpenAPI names, with the real store: no 500, no hang.

`make fuzz` gives it ten minutes, the test run one.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from servers.free_port import free_port
from servers.receiver import TOKEN, PhoneServer, ReceiverProcess, write_config

SECONDS = int(os.environ.get("STREAMWATCH_FUZZ_SECONDS", "60"))
SEED = os.environ.get("STREAMWATCH_FUZZ_SEED", "1")


@pytest.mark.timeout(SECONDS + 240)
def test_no_request_makes_it_fail_or_hang(tmp_path: Path) -> None:
    """Whatever is asked is answered within five seconds, and not with 5xx; afterwards it still does its job."""
    port, phone = free_port(), PhoneServer()
    receiver = ReceiverProcess(write_config(tmp_path, port, phone.url), port)
    receiver.start()
    try:
        fuzzed = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                "run",
                f"{receiver.base}/api/v1/openapi.json",
                "--header",
                f"Authorization: Bearer {TOKEN}",
                "--checks",
                "not_a_server_error",
                "--max-time",
                str(SECONDS),
                "--seed",
                SEED,
                "--max-response-time",
                "5",
                "--continue-on-failure",
                "--warnings",
                "off",
                "--no-color",
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert fuzzed.returncode == 0, fuzzed.stdout[-8000:]
        assert receiver.ready()
    finally:
        receiver.kill()
        phone.close()
