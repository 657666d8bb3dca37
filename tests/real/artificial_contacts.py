"""Artificial contacts on real tickets: nothing is true of them but what was put in.

Households of The Complete Journey buy as they did in 2017. A rule on their past behaviour alone lets some of them contact a
service that does nothing: who bought more often in the last 30 days contacts it more often, in the days after a purchase. So
contacted and uncontacted households differ greatly, and the effect is zero; or a fifth of purchases after a contact is made
double, and the effect is known.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from tests.truth.effect_units import Company, Events, effect_units
from tests.truth.increments import judge, measures

# July to September: half a year of history before it, the windows after it
QUARTER = (181, 273)
HISTORY_DAYS = 180
WINDOW = 60
CONTACT_PER_PURCHASE = 0.004


def tickets(folder: Path) -> pd.DataFrame:
    """Purchases as of `Company`: baskets with an amount above 0; a margin of a quarter, because none is known."""
    with duckdb.connect() as connection:
        return connection.execute(
            """
            select dense_rank() over (order by household_id) - 1 as customer,
                date_diff('second', timestamp '2017-01-01 05:00:00', min(transaction_timestamp)) / 86400.0 as day,
                sum(cast(sales_value as decimal(18, 4)))::double as amount, amount / 4 as margin, -1 as "case"
            from read_parquet(?)
            group by household_id, basket_id
            having amount > 0
            order by customer, day, basket_id
            """,
            [str(folder / "pos" / "transactions.parquet")],
        ).df()


def assigned(purchases: pd.DataFrame, seed: int, *, added_share: float = 0.0) -> Company:
    """One assignment of contacts to the households; `added_share` of the purchases of the 60 days after a contact once more."""
    draw = np.random.default_rng(seed)
    customer, day = purchases["customer"].to_numpy(), purchases["day"].to_numpy()
    recent = Events(customer, day).count(customer, day - 30, day)
    brings = draw.uniform(size=len(day)) < CONTACT_PER_PURCHASE * (1 + recent)
    called = day[brings] + 1 + draw.exponential(4, int(brings.sum()))
    contacts = pd.DataFrame({"customer": customer[brings], "day": called, "case": np.arange(len(called)), "is_handled": True})
    by_contact = Events(contacts["customer"].to_numpy(), called, case=contacts["case"].to_numpy())
    last = by_contact.last_before(customer, day)
    is_after = (last >= 0) & (np.floor(by_contact.day[last]) < np.floor(day)) & (day - by_contact.day[last] < WINDOW)
    added = purchases[is_after & (draw.uniform(size=len(day)) < added_share)].copy()
    added["case"] = by_contact.values["case"][last[added.index]].astype(np.int64)
    return Company(int(customer.max()) + 1, pd.concat([purchases, added], ignore_index=True), contacts, QUARTER)


ADDED_SHARE = 0.2
REQUIRED = {
    "nothing": {"rate_coverage": 0.91, "amount_coverage": 0.91},
    "a fifth more purchases": {"amount_coverage": 0.91, "amount_positive": 0.8},
}


def judged(folder: Path, assignments: int, added_share: float) -> pd.Series:
    """What is measured over that many assignments (the figures of `tests.truth.increments`)."""
    bought = tickets(folder)
    units = (
        effect_units(assigned(bought, seed, added_share=added_share), seed, (WINDOW,), year=HISTORY_DAYS)
        for seed in range(assignments)
    )
    return pd.Series(measures(pd.DataFrame([judge(rows) for rows in units])))


def main(arguments: list[str]) -> int:
    """`artificial_contacts FOLDER [assignments]`: print the table; exit with 1 where less is reached than is required."""
    folder, assignments = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 200
    table = pd.DataFrame(
        {name: judged(folder, assignments, share) for name, share in zip(REQUIRED, (0.0, ADDED_SHARE), strict=True)}
    )
    print(f"{assignments} assignments of artificial contacts to real tickets")
    print(table.round(3).to_string())
    missed = [
        f"{world}: {name} {table[world][name]:.3f} < {least}"
        for world, required in REQUIRED.items()
        for name, least in required.items()
        if not table[world][name] >= least
    ]
    print("all as required" if not missed else "NOT as required: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
