"""What contacts truly added to purchases in a simulated company, beside what its publication estimates, quarter by quarter.

Truth names the purchases that a contact has caused. The contacted of a quarter are told again from the published contacts, as
`kpis.md` defines time zero: the first handled inbound contact of an identified customer who bought before, with none in the
90 days before. Not here: the table that shows the comparison (`evaluate.py`), coverage over hundreds of companies (`tests/truth`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

WINDOW_DAYS = 60
COLUMNS = ("quarter", "contacted", "true_rate", "rate", "rate_low", "rate_high")
# days are those of UTC: a contact of the hour around midnight may be in another quarter than in the publication
QUARTERS = f"""
with opened as (
    select contact_id, case_id, customer_id, opened_at, cast(opened_at as date) as opened_on,
        lag(cast(opened_at as date)) over (partition by customer_id order by opened_at, contact_id) as previous_on
    from published.contacts
    where direction = 'inbound' and is_handled and not is_set_aside and customer_id is not null
        and exists (
            select 1 from published.purchases
            where purchases.customer_id = contacts.customer_id and purchases.is_net_positive and purchases.sold_at < contacts.opened_at
        )
),
zeros as (
    select *, cast(date_trunc('quarter', opened_on) as date) as quarter
    from opened
    where previous_on is null or opened_on - previous_on > 90
    qualify row_number() over (partition by customer_id, date_trunc('quarter', opened_on) order by opened_at, contact_id) = 1
),
caused as (
    select distinct zeros.contact_id, effects.transaction_id
    from zeros
    inner join read_parquet(?) as effects
        on effects.opened_at >= zeros.opened_at and coalesce(zeros.case_id = effects.case_id, zeros.contact_id = effects.contact_id)
),
bought as (
    select zeros.contact_id, count(caused.transaction_id) as by_contact, count(*) - count(caused.transaction_id) as by_themselves
    from zeros
    inner join published.purchases
        on purchases.customer_id = zeros.customer_id and purchases.is_net_positive
        and purchases.sold_on > zeros.opened_on and purchases.sold_on <= zeros.opened_on + {WINDOW_DAYS}
    left join caused on caused.contact_id = zeros.contact_id and caused.transaction_id = purchases.transaction_id
    group by zeros.contact_id
),
true_quarters as (
    select zeros.quarter, avg(case when bought.by_contact > 0 and bought.by_themselves = 0 then 1.0 else 0.0 end) as true_rate
    from zeros left join bought using (contact_id)
    group by zeros.quarter
)
select estimates.period_start as quarter, estimates.treated_kept as contacted, true_quarters.true_rate,
    estimates.incremental_rate as rate, estimates.incremental_rate_low as rate_low, estimates.incremental_rate_high as rate_high
from published.repurchase_increment as estimates
inner join true_quarters on true_quarters.quarter = estimates.period_start
where estimates.value_segment = -1 and estimates.window_days = {WINDOW_DAYS} and estimates.method = 'estimate' and estimates.verdict = 'estimated'
order by estimates.period_start
"""


def effects_of(published: Path, truth: Path) -> pd.DataFrame:
    """COLUMNS of each quarter whose total is estimated: the true and the estimated effect on the share of the contacted who
    buy again within WINDOW_DAYS."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{str(published).replace(chr(39), chr(39) * 2)}' as published (read_only)")
        return connection.execute(QUARTERS, [str(truth / "contact_effects.parquet")]).df()
