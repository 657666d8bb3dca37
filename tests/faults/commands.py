"""Running the product as a user does: the command, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

TIMEOUT_SECONDS = 600


def run_command(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`service-value <arguments>`; output and errors as text."""
    return subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env={**os.environ, **(environment or {})},
    )


def kill_after(home: Path, step: str) -> list[str]:
    """Start a run and kill it with SIGKILL as soon as `step` is reported as done. Returns the lines seen so far."""
    seen: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "dagster_project.cli", "run", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(line)
            if line.split()[:2] == ["done", step]:
                os.killpg(process.pid, signal.SIGKILL)
                break
        process.wait(timeout=60)
    return seen


def kill_when(home: Path, condition: Callable[[], bool]) -> None:
    """Start a run and kill it with SIGKILL as soon as the condition holds. Raises AssertionError when the run ends first."""
    with subprocess.Popen(
        [sys.executable, "-m", "dagster_project.cli", "run", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        while not condition():
            assert process.poll() is None, "the run ended before the condition held"
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)


def manifest(home: Path) -> dict[str, Any]:
    """The manifest of the current publication."""
    loaded: dict[str, Any] = json.loads((home / "published" / "manifest.json").read_text(encoding="utf-8"))
    return loaded


def keep_feeds(home: Path, feeds: set[str], required: list[str]) -> None:
    """Rewrite `company.yml` so that only these feeds are configured."""
    path = home / "company.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["feeds"] = {name: feed for name, feed in content["feeds"].items() if name in feeds}
    content["required"] = required
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
