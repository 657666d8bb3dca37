"""Cost and quality of the probabilistic linkage on 100 thousand and 1 million records: `make bench`. Not a test: nothing is timed in CI.

The records are made here, set-wise: one in seven is a second record of a person, with 2 % slips and 10 % missing values,
and every second one with another e-mail address and telephone, so that no key joins them.
"""

from __future__ import annotations

import gc
import resource
import sys
import time

import duckdb
import numpy as np
import pandas as pd

from dagster_project.identity.joining import are_different_people, people_of
from dagster_project.identity.linkage import score, train
from dagster_project.simulation.wording import FIRST_NAMES, LAST_NAMES

MAKE = """
    with people as (
        select
            person,
            is_second,
            person || '-' || is_second as record,
            lower(getvariable('first_names')[1 + (hash('first ' || person) % len(getvariable('first_names')))::bigint]) as first_name,
            lower(getvariable('last_names')[1 + (hash('last ' || person) % len(getvariable('last_names')))::bigint])
            -- half the people have a name that is rarer: 92 names are few for a million
            || case when hash('rare ' || person) % 2 = 0 then chr((97 + hash('a ' || person) % 26)::int) || chr((97 + hash('b ' || person) % 26)::int) else '' end as last_name,
            date '1940-01-01' + (hash('birth ' || person) % 23700)::int as birth_date,
            printf('%05d', 1000 + (hash('place ' || person) % 9000)::bigint * 10) as postal_code
        from (
            select range as person, false as is_second from range($people)
            union all
            select range, true from range($people) where hash('second ' || range) % 6 = 0
        )
    )
    select
        person,
        sha256(record) as key_hash,
        case when hash('slip ' || record) % 100 < 2 then substr(first_name, 1, 1) || substr(first_name, 3) else first_name end as first_name,
        last_name,
        case when hash('no birth ' || record) % 10 > 0 then birth_date - case when hash('late ' || record) % 100 < 2 then 365 else 0 end end as birth_date,
        case when hash('no place ' || record) % 10 > 0 then postal_code end as postal_code,
        case when hash('no email ' || record) % 10 > 0 then
            case when is_second and hash('moved ' || person) % 2 = 0 then 'contact' || person || '@example.net' else first_name || '.' || last_name || person || '@example.com' end
        end as email_key,
        case when hash('no phone ' || record) % 10 > 0 then
            '336' || printf('%08d', (hash(case when is_second and hash('moved ' || person) % 2 = 0 then 'new' else 'phone ' end || person) % 100000000)::bigint)
        end as phone_key
    from people
"""


def made_records(count: int) -> pd.DataFrame:
    """So many records or a few less, with the column `person`."""
    with duckdb.connect() as connection:
        for name, values in (("first_names", FIRST_NAMES), ("last_names", LAST_NAMES)):
            listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
            connection.execute(f"set variable {name} = [{listed}]")
        return connection.execute(MAKE, {"people": count * 6 // 7}).df()


def measure(count: int) -> str:
    """One line of the table."""
    made = made_records(count)
    person = made.set_index("key_hash")["person"]
    records = made.drop(columns="person")
    started = time.perf_counter()
    model = train(records)
    trained = time.perf_counter()
    pairs = score(records, model)
    scored = time.perf_counter()
    people = people_of(records)
    kept = [not are_different_people(people[a], people[b]) for a, b in zip(pairs["hash_a"], pairs["hash_b"], strict=True)]
    joined = time.perf_counter()
    pairs = pairs[np.array(kept, dtype=bool)]
    is_true = person.loc[pairs["hash_a"]].to_numpy() == person.loc[pairs["hash_b"]].to_numpy()
    all_true = int(person.duplicated().sum())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return (
        f"{len(records):>9,} {trained - started:>8.1f} {scored - trained:>8.1f} {joined - scored:>8.1f} "
        f"{len(pairs):>9,} {is_true.mean():>10.5f} {is_true.sum() / all_true:>8.4f} {memory:>7.2f}"
    )


def main() -> None:
    print("  records  train s  score s   veto s     pairs  precision   recall  GB max")
    for count in [int(argument) for argument in sys.argv[1:]] or [100_000, 1_000_000]:
        print(measure(count), flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
