"""The arguments of the sample home `data/sample`: written once here, for its maker, its test and its README.

Not here: the simulator (`simulate.py`). After a change of the simulator the sample is made anew by
`write_sample(Path("data/sample"))`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from dagster_project.simulation.simulate import SimulationReport, simulate

CUSTOMERS = 3000
MONTHS = 24
SEED = 20251231
END = date(2025, 12, 31)


def write_sample(home: Path) -> SimulationReport:
    """Write the sample home into `home`."""
    return simulate(home, customers=CUSTOMERS, months=MONTHS, seed=SEED, end=END)
