"""Probabilistic linkage of customer records that no shared key joins: the Fellegi-Sunter model, by Splink on DuckDB.

Here: what is compared and in which grades, which pairs are compared at all, training, scoring. Which scored pairs are
used is in `joining.py`, how a trained model is kept in `linkage_parameters.py`.

A model is a set of probabilities and holds no value of any record: m (how often the records of one person agree so well), u
(how often those of two people do), the links per record and the threshold. Training and scoring are functions of the
records and the model: records are sorted by key hash first, samples are drawn by hash, and trained numbers are rounded.

Splink is imported only where it is used (0.3 s): a run without linkage does not pay for it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

from dagster_project.identity.joining import birth_texts

# below, too few pairs of one person to learn from, and little to win
MINIMUM_RECORDS = 500
# a training block with fewer pairs teaches nothing
MINIMUM_PAIRS = 20
# the defaults below weigh as much as so many pairs of one person: a level that a small company never saw is not impossible
DEFAULT_WEIGHT = 20.0
# two records are one person from this probability on; measured on a million made records (`make bench`): precision
# 0.998 and recall 0.94 at 0.9, 0.9996 and 0.91 at 0.95, 0.997 and 0.965 at 0.8
THRESHOLD = 0.9
# of the pairs of one person, those that the rules in `_KNOWN_PAIRS` find; only the prior depends on it
KNOWN_RECALL = 0.8
# records with one value of a blocking rule; above it the value says little (Jean Martin of one large town) and would
# make the cost quadratic: the rule is not used for it
LARGEST_BLOCK = 100
U_PAIRS = 1_000_000
EM_PAIRS = 500_000
SEED = 1
# Splink 5.0.0 refuses its own estimate when a probability that shrinks with each step has become 0 (ValueError): then
# fewer steps; well separated pairs need three
EM_STEPS = (25, 8, 3)
_DIGITS = 6


class LinkageRefusedError(ValueError):
    """There is too little to learn from; the message says why, `french` in French. Only the deterministic rules are used until there is more."""

    def __init__(self, english: str, french: str) -> None:
        super().__init__(english)
        self.french = french


@dataclass(frozen=True)
class Level:
    """A grade of agreement: its condition on the columns `x_l` and `x_r`, and m and u where nothing is known yet."""

    name: str
    condition: str
    m: float
    u: float
    # the column whose frequency weighs the agreement: two Dupont are less of a coincidence than two Martin
    frequency_of: str | None = None


@dataclass(frozen=True)
class Comparison:
    """The grades of one comparison, best first; when none holds, the last one does. Unknown values say nothing."""

    name: str
    columns: tuple[str, ...]
    levels: tuple[Level, ...]


def _same(column: str) -> str:
    return f"{column}_l = {column}_r"


def _slip(column: str, most: int = 1) -> str:
    return f"damerau_levenshtein({column}_l, {column}_r) <= {most}"


_MONTH_FOR_DAY = (
    "substr(birth_text_l, 1, 4) = substr(birth_text_r, 1, 4) and substr(birth_text_l, 5, 2) = substr(birth_text_r, 7, 2) "
    "and substr(birth_text_l, 7, 2) = substr(birth_text_r, 5, 2)"
)
COMPARISONS = (
    Comparison(
        "first_name",
        ("first_name",),
        (
            Level("same", _same("first_name"), 0.90, 0.01, "first_name"),
            Level("slip", f"{_slip('first_name')} and length(first_name_l) > 2", 0.06, 0.003),
            Level("beginning", "starts_with(first_name_l, first_name_r) or starts_with(first_name_r, first_name_l)", 0.02, 0.003),
            Level("other", "else", 0.02, 0.984),
        ),
    ),
    Comparison(
        "last_name",
        ("last_name",),
        (
            Level("same", _same("last_name"), 0.90, 0.003, "last_name"),
            Level("slip", f"{_slip('last_name')} and length(last_name_l) > 2", 0.06, 0.001),
            Level("similar", "jaro_winkler_similarity(last_name_l, last_name_r) >= 0.92", 0.01, 0.003),
            Level("other", "else", 0.03, 0.993),
        ),
    ),
    Comparison(
        "birth_date",
        ("birth_text",),
        (
            Level("same", _same("birth_text"), 0.95, 0.00005),
            Level("slip", f"{_slip('birth_text')} or ({_MONTH_FOR_DAY})", 0.03, 0.001),
            Level("other", "else", 0.02, 0.99895),
        ),
    ),
    Comparison(
        "postal_code",
        ("postal_code",),
        (
            Level("same", _same("postal_code"), 0.85, 0.005, "postal_code"),
            Level("slip", _slip("postal_code"), 0.04, 0.02),
            Level("area", "substr(postal_code_l, 1, 2) = substr(postal_code_r, 1, 2)", 0.06, 0.03),
            Level("other", "else", 0.05, 0.945),
        ),
    ),
    Comparison(
        "email",
        ("email_key", "email_name", "email_digits"),
        (
            Level("same", _same("email_key"), 0.70, 0.000001),
            # another provider
            Level("name", _same("email_name"), 0.10, 0.00001),
            # a slip, but not in the number by which people of one name tell themselves apart
            Level("slip", f"email_digits_l = email_digits_r and {_slip('email_key', 2)}", 0.05, 0.00001),
            Level("other", "else", 0.15, 0.999979),
        ),
    ),
    Comparison(
        "phone",
        ("phone_key",),
        (
            Level("same", _same("phone_key"), 0.75, 0.000001),
            Level("slip", _slip("phone_key"), 0.03, 0.0001),
            Level("other", "else", 0.22, 0.999899),
        ),
    ),
)
# the pairs that are compared: records that agree in one of these
BLOCKS = {
    "block_birth_last": "birth_text || '/' || last_name",
    "block_birth_first": "birth_text || '/' || first_name",
    "block_birth_place": "birth_text || '/' || postal_code",
    "block_name_place": "last_name || '/' || first_name || '/' || postal_code",
    "block_name_year": "last_name || '/' || first_name || '/' || substr(birth_text, 1, 4)",
    "block_email_name": "email_name",
    "block_phone": "phone_key",
}
# pairs that are one person almost always: the prior, and what the expectation maximisation learns from
_KNOWN_PAIRS = (("email_key",), ("phone_key",), ("first_name", "last_name", "birth_text"))
_TRAINING = (("email_key",), ("phone_key",), ("last_name", "birth_text"), ("first_name", "birth_text"))


@dataclass(frozen=True)
class LinkageModel:
    """A trained model. `probabilities`: (comparison, level) -> (m, u)."""

    probabilities: Mapping[tuple[str, str], tuple[float, float]]
    links_per_record: float
    threshold: float
    sample_size: int
    training_pairs: int


def default_probabilities() -> dict[tuple[str, str], tuple[float, float]]:
    """What is assumed where nothing was seen."""
    return {(comparison.name, level.name): (level.m, level.u) for comparison in COMPARISONS for level in comparison.levels}


def _settings(probabilities: Mapping[tuple[str, str], tuple[float, float]], prior: float) -> dict[str, Any]:
    """Splink's description of the model."""
    comparisons = []
    for comparison in COMPARISONS:
        first = comparison.columns[0]
        levels: list[dict[str, Any]] = [
            {"sql_condition": f"{first}_l is null or {first}_r is null", "label_for_charts": "unknown", "is_null_level": True}
        ]
        for level in comparison.levels:
            m, u = probabilities[comparison.name, level.name]
            described: dict[str, Any] = {
                "sql_condition": "ELSE" if level.condition == "else" else level.condition,
                "label_for_charts": level.name,
                "m_probability": m,
                "u_probability": u,
            }
            if level.frequency_of:
                described |= {
                    "tf_adjustment_column": level.frequency_of,
                    "tf_adjustment_weight": 1.0,
                    "tf_minimum_u_value": 0.0001,
                }
            levels.append(described)
        comparisons.append({"output_column_name": comparison.name, "comparison_levels": levels})
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_number",
        "linker_uid": "linkage",
        "probability_two_random_records_match": prior,
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.{block} = r.{block}", "sql_dialect": "duckdb"} for block in BLOCKS
        ],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "max_iterations": 25,
    }


def _linker(connection: duckdb.DuckDBPyConnection, settings: dict[str, Any]) -> Any:
    """A Splink linker over the table `records` of the connection. Splink's own messages are kept out of the log."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    api = DuckDBAPI(connection)
    return Linker(api.register("records"), settings, log_level=None, validate_settings=False)


def load_records(connection: duckdb.DuckDBPyConnection, records: pd.DataFrame) -> int:
    """Make the table `records` of an empty database from rows of `int_identity_records`, in the order of their hashes.

    Returns the number of records. Dates of birth that stand for "unknown" are dropped, and blocks that are too large.
    """
    connection.register("given", records.assign(birth_text=birth_texts(records)))
    connection.execute(
        f"""
        create table records as
        with numbered as (
            select
                row_number() over (order by key_hash) as record_number,
                key_hash::varchar as key_hash,
                first_name::varchar as first_name,
                last_name::varchar as last_name,
                postal_code::varchar as postal_code,
                email_key::varchar as email_key,
                nullif(split_part(email_key::varchar, '@', 1), '') as email_name,
                regexp_replace(email_key::varchar, '[^0-9]', '', 'g') as email_digits,
                phone_key::varchar as phone_key,
                birth_text::varchar as birth_text
            from given
        ),
        blocked as (
            select *, {", ".join(f"{rule} as {block}" for block, rule in BLOCKS.items())}
            from numbered
        )
        select
            * exclude ({", ".join(BLOCKS)}),
            {", ".join(f"case when count(*) over (partition by {block}) <= {LARGEST_BLOCK} then {block} end as {block}" for block in BLOCKS)}
        from blocked
        order by record_number
        """
    )
    connection.unregister("given")
    [[count]] = connection.execute("select count(*) from records").fetchall()
    return int(count)


def _pairs(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> int:
    """Pairs of records that agree in all these columns."""
    known = " and ".join(f"{column} is not null" for column in columns)
    [[pairs]] = connection.execute(
        f"""select coalesce(sum(records * (records - 1) / 2), 0)::bigint
        from (select count(*) as records from records where {known} group by {", ".join(columns)})"""
    ).fetchall()
    return int(pairs)


def _trained_u(linker: Any, sampled_pairs: float) -> dict[tuple[str, str], float]:
    """u of each level: its share of random pairs, and not less than one pair of the sample.

    A level that no pair showed keeps its default (Splink leaves the given number as it is).
    """
    linker.training.estimate_u_using_random_sampling(max_pairs=U_PAIRS, seed=SEED)
    described = linker.misc.save_model_to_json()
    found = {}
    for comparison, trained in zip(COMPARISONS, described["comparisons"], strict=True):
        levels = [level for level in trained["comparison_levels"] if not level.get("is_null_level")]
        for level, numbers in zip(comparison.levels, levels, strict=True):
            found[comparison.name, level.name] = max(float(numbers.get("u_probability") or 0.0), 1 / sampled_pairs)
    return found


def _maximise(connection: duckdb.DuckDBPyConnection, settings: Mapping[str, Any], columns: Sequence[str]) -> Any:
    """A session of expectation maximisation within the blocks of these columns, from the probabilities of the settings."""
    for steps in EM_STEPS:
        linker = _linker(connection, {**settings, "max_iterations": steps})
        try:
            return linker.training.estimate_parameters_using_expectation_maximisation(
                " and ".join(f"l.{column} = r.{column}" for column in columns), max_pairs=EM_PAIRS
            )
        except ValueError:
            if steps == EM_STEPS[-1]:
                raise
    raise AssertionError("unreachable: the last step returns or raises")


def _session_m(session: Any) -> dict[tuple[str, str], float]:
    """m of the comparisons that a session of expectation maximisation could estimate; a level that it never saw is 0."""
    found = {}
    by_name = {comparison.name: comparison for comparison in COMPARISONS}
    for trained in session.core_model_settings.comparisons:
        comparison = by_name[trained.output_column_name]
        levels = [level for level in trained.comparison_levels if not level.is_null_level]
        for level, numbers in zip(comparison.levels, levels, strict=True):
            m = numbers.m_probability
            found[comparison.name, level.name] = m if isinstance(m, float) else 0.0
    return found


def _rounded(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}")


def train(records: pd.DataFrame) -> LinkageModel:
    """Train the model on rows of `int_identity_records`, in any order.

    u comes from random pairs; m from expectation maximisation within blocks of records that agree in an e-mail address, a
    telephone number, or a name and a date of birth, weighted by the pairs of one person in each block and drawn to the
    defaults by the weight of `DEFAULT_WEIGHT` pairs. Raises LinkageRefusedError with fewer than 500 records.
    """
    if len(records) < MINIMUM_RECORDS:
        raise LinkageRefusedError(
            f"{len(records)} customer records, {MINIMUM_RECORDS} are needed",
            f"le rapprochement ne peut être appris : la base a {len(records)} fiches de clients, il en faut {MINIMUM_RECORDS}",
        )
    with duckdb.connect() as connection:
        count = load_records(connection, records)
        all_pairs = count * (count - 1) / 2
        defaults = default_probabilities()
        linker = _linker(connection, _settings(defaults, 1 / count))
        linker.training.estimate_probability_two_random_records_match(
            [" and ".join(f"l.{column} = r.{column}" for column in columns) for columns in _KNOWN_PAIRS], recall=KNOWN_RECALL
        )
        prior = max(float(linker.misc.save_model_to_json()["probability_two_random_records_match"]), 1 / all_pairs)
        u = _trained_u(linker, min(all_pairs, U_PAIRS))
        settings = _settings({key: (m, u[key]) for key, (m, _) in defaults.items()}, prior)

        # sums of floating numbers depend on the order of the threads (those before are counts)
        connection.execute("set threads = 1")
        weights = dict.fromkeys(defaults, DEFAULT_WEIGHT)
        sums = {key: DEFAULT_WEIGHT * m for key, (m, _) in defaults.items()}
        training_pairs = 0
        for columns in _TRAINING:
            pairs = min(_pairs(connection, columns), EM_PAIRS)
            if pairs < MINIMUM_PAIRS:
                continue
            session = _maximise(connection, settings, columns)
            of_one_person = pairs * float(session.core_model_settings.probability_two_random_records_match)
            training_pairs += round(of_one_person)
            for key, m in _session_m(session).items():
                weights[key] += of_one_person
                sums[key] += of_one_person * m
    m_found = {key: sums[key] / weights[key] for key in defaults}
    probabilities = {}
    for comparison in COMPARISONS:
        of_all = sum(m_found[comparison.name, level.name] for level in comparison.levels)
        for level in comparison.levels:
            key = (comparison.name, level.name)
            probabilities[key] = (_rounded(m_found[key] / of_all), _rounded(u[key]))
    return LinkageModel(probabilities, _rounded(prior * (count - 1) / 2), THRESHOLD, count, training_pairs)


def score(records: pd.DataFrame, model: LinkageModel) -> pd.DataFrame:
    """Pairs of records at or above the model's threshold: `hash_a` < `hash_b`, `match_probability` (6 decimals), sorted.

    `records`: rows of `int_identity_records`, in any order.
    """
    empty = pd.DataFrame({"hash_a": [], "hash_b": [], "match_probability": []}).astype(
        {"hash_a": "str", "hash_b": "str", "match_probability": "float64"}
    )
    if len(records) < 2:
        return empty
    with duckdb.connect() as connection:
        count = load_records(connection, records)
        prior = min(0.5, 2 * model.links_per_record / (count - 1))
        linker = _linker(connection, _settings(model.probabilities, prior))
        scored = linker.inference.predict(threshold_match_probability=model.threshold, warning_mode="never")
        return connection.execute(
            f"""select first.key_hash as hash_a, second.key_hash as hash_b, round(match_probability, 6)::double as match_probability
            from {scored.physical_name} as pairs
            inner join records as first on first.record_number = least(pairs.record_number_l, pairs.record_number_r)
            inner join records as second on second.record_number = greatest(pairs.record_number_l, pairs.record_number_r)
            order by hash_a, hash_b"""
        ).df()
