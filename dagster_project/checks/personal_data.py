"""What personal data looks like: names of columns and patterns of text that no published table may carry.

Here: the lists and the patterns, as SQL conditions, and a mask for messages. Where they are asserted is
`published_suites.py`. Not here: hashing, which is landing's (`feeds/`).
"""

from __future__ import annotations

import re

# Columns of the feeds that hold a person's data in clear, and the usual names of such columns. Names of companies,
# shops and products are no personal data: `label` and `name` alone are not in the list.
FORBIDDEN_COLUMNS = frozenset(
    {
        "email",
        "e_mail",
        "mail",
        "email_address",
        "phone",
        "phone_number",
        "telephone",
        "mobile",
        "first_name",
        "last_name",
        "full_name",
        "surname",
        "customer_name",
        "agent_name",
        "birth_date",
        "date_of_birth",
        "birthday",
        "postal_code",
        "zip_code",
        "address",
        "street",
        "verbatim",
        "comment",
        "free_text",
        "loyalty_card_id",
        "card_number",
        "iban",
        "evaluator_id",
        "source_key",
        "key_a",
        "key_b",
        "ip_address",
    }
)
# `customer_id_key`, `email_key`, `phone_key`: the normalised clear keys of raw
FORBIDDEN_SUFFIXES = ("_id_key", "email_key", "phone_key", "email_hash", "phone_hash")

# quotes are written by their codes, so that the pattern can stand in an SQL text as it is
_E_MAIL = r"[^@\s,;:<>()\x22\x27]+@[^@\s,;:<>()\x22\x27]+\.[A-Za-z]{2,}"
# With a leading + or with separators: a run of digits alone is an id of a ticket as often as a telephone number
_PHONE = r"\+[1-9][0-9]{0,2}[ .\-]?[0-9](?:[ .\-]?[0-9]){6,12}|\b0[1-9](?:[ .\-][0-9]{2}){4}\b"
_MASK = re.compile(f"{_E_MAIL}|{_PHONE}")


def is_forbidden(column: str) -> bool:
    """True for the name of a column that no published table may have."""
    name = column.lower()
    return name in FORBIDDEN_COLUMNS or name.endswith(FORBIDDEN_SUFFIXES)


def holds_personal_data(column: str) -> str:
    """SQL condition: the text holds an e-mail address or a telephone number (0.5 s for 10 million short texts)."""
    return f"regexp_matches({column}, '{_E_MAIL}|{_PHONE}')"


def masked(text: str) -> str:
    """The text with e-mail addresses and telephone numbers replaced by `***`."""
    return _MASK.sub("***", text)
