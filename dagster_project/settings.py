"""Settings: the home folder and the environment. The only module that reads or writes `os.environ`.

What a company configures belongs to `company.yml` (`company/model.py`); here is only what the machine decides.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dagster_project.company.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt"
SEEDS = DBT_PROJECT / "seeds"
SAMPLE_HOME = PROJECT_ROOT / "data" / "sample"
HOME_VARIABLE = "SERVICE_VALUE_HOME"
THREADS_VARIABLE = "SERVICE_VALUE_THREADS"
MEMORY_VARIABLE = "SERVICE_VALUE_MEMORY"


@dataclass(frozen=True)
class Settings:
    """One home folder and the environment that its configuration may name (secrets by the name of a variable)."""

    home: Path
    environment: Mapping[str, str]
    threads: int = 2
    # of the database while dbt builds: beyond it DuckDB works on disk, beside the warehouse
    memory: str = "80%"

    @property
    def warehouse_folder(self) -> Path:
        """Private work files of a run."""
        return self.home / "warehouse"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that dbt builds anew in each run."""
        return self.warehouse_folder / "service_value.duckdb"

    @property
    def warehouse_owner(self) -> Path:
        """Names the run that the inputs and the warehouse belong to."""
        return self.warehouse_folder / "run_id"

    @property
    def inputs(self) -> Path:
        """What one run reads: see `feeds/snapshot.py`."""
        return self.warehouse_folder / "inputs"

    @property
    def landed(self) -> Path:
        """What the gate on landed feeds reads: raw as it stands, without an as-of date."""
        return self.warehouse_folder / "landed"

    @property
    def checks(self) -> Path:
        """Verdicts and result documents of the gates, one folder a run."""
        return self.warehouse_folder / "checks"

    @property
    def published(self) -> Path:
        return self.home / "published"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    @classmethod
    def from_environment(cls, home: Path | None = None) -> Settings:
        """The settings of this process: `home` if given, else `SERVICE_VALUE_HOME`, else the sample home.

        Raises ConfigurationError for a number of threads, or an amount of memory, that is none.
        """
        chosen = home or Path(os.environ.get(HOME_VARIABLE) or SAMPLE_HOME)
        threads = os.environ.get(THREADS_VARIABLE) or str(min(4, os.cpu_count() or 2))
        if not re.fullmatch("[1-9][0-9]{0,3}", threads):
            raise ConfigurationError(f"{THREADS_VARIABLE}: {threads!r} is not a number of threads; expected for example 4")
        memory = os.environ.get(MEMORY_VARIABLE) or cls.memory
        if not re.fullmatch("[1-9][0-9]{0,6}(%|[KMGT]i?B)", memory):
            raise ConfigurationError(f"{MEMORY_VARIABLE}: {memory!r} is not an amount of memory; expected for example 4GB or 60%")
        return cls(home=chosen.expanduser().resolve(), environment=dict(os.environ), threads=int(threads), memory=memory)

    def export_to_dbt(self) -> None:
        """Set the variables that `dbt/profiles.yml` and the sources read; dbt runs as a child process."""
        os.environ["SERVICE_VALUE_WAREHOUSE"] = str(self.warehouse)
        os.environ["SERVICE_VALUE_INPUTS"] = str(self.inputs)
        os.environ[THREADS_VARIABLE] = str(self.threads)
        os.environ[MEMORY_VARIABLE] = self.memory
        # the terminal's log and run_results.json say it all; the debug log file costs a tenth of a run
        os.environ.setdefault("DBT_LOG_LEVEL_FILE", "none")
        os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        os.environ.setdefault("DO_NOT_TRACK", "1")


def silence_telemetry() -> None:
    """Keep the libraries from calling home, and Dagster's notes on beta parameters off the terminal; before imports."""
    warnings.filterwarnings("ignore", message=".*is currently in beta.*")
    for name, value in {
        "GX_ANALYTICS_ENABLED": "false",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }.items():
        os.environ.setdefault(name, value)
