"""What can go wrong with the data of a feed. A wrong configuration is `company.errors.ConfigurationError`."""

from __future__ import annotations

from typing import Any


class FeedError(Exception):
    """The files of a feed cannot be landed; nothing of them was written to raw. The message says what to do."""

    def __init__(self, feed: str, message: str) -> None:
        self.feed = feed
        super().__init__(f"{feed}: {message}")


class FeedBlocked(FeedError):
    """Too many rows (or too much money) were refused: quarantine is written, raw is not. `report` has the counts."""

    def __init__(self, feed: str, message: str, report: Any) -> None:
        super().__init__(feed, message)
        self.report = report


class ReconciliationError(FeedError):
    """Rows or money read do not equal what was written: a defect of the program or of the disk, never of the export."""
