"""Normalised keys of people and their keyed hashes, as SQL: one rule for every feed.

Customer, card and agent ids are trimmed; an e-mail is trimmed and lower-cased; a phone number becomes its E.164 digits.
What cannot be normalised has no key (the column keeps its text). Who is who is decided in `identity/`.
"""

from __future__ import annotations

from phonenumbers import PhoneMetadata

from dagster_project.feeds import sql
from dagster_project.feeds.contract import Feed

_SPACES = {"loyalty": "loyalty", "email": "email", "phone": "phone", "agent": "agent"}
# E.164: at most 15 digits; the shortest numbers of persons with their country code have 8.
_E164 = "[1-9][0-9]{7,14}"


def key_space_of(identity: str, customer_key_space: str) -> str:
    """The key space of an identity column; that of `customer` columns is the configuration's."""
    return customer_key_space if identity == "customer" else _SPACES[identity]


def email_key(expression: str) -> str:
    """SQL: the normalised e-mail address, or null unless it has exactly one '@' with a text on both sides."""
    return f"case when regexp_full_match(trim({expression}), '[^@\\s]+@[^@\\s]+') then lower(trim({expression})) end"


def phone_key(expression: str, country: str) -> str:
    """SQL: the E.164 digits of a phone number written as people of that country do, or null.

    Uses the country's calling code, its trunk prefix (0 in France, none in Italy) and its possible lengths.
    """
    digits = f"regexp_replace(regexp_replace({expression}, '[a-zA-Z#;].*$', ''), '[^0-9+]', '', 'g')"
    metadata = PhoneMetadata.metadata_for_region(country, None)
    if metadata is None:
        plain = f"case when {digits} like '+%' then ltrim({digits}, '+') when {digits} like '00%' then substr({digits}, 3) end"
        return f"case when regexp_full_match({plain}, {sql.text(_E164)}) then {plain} end"
    code = str(metadata.country_code)
    trunk = str(metadata.national_prefix or "")
    described = metadata.general_desc
    lengths = sorted({int(length) for length in (described.possible_length if described else ()) if length > 0}) or [9]
    abroad = "011" if code == "1" else "00"
    possible = ", ".join(str(length) for length in lengths)
    # "+33 (0)6 ...": the trunk prefix is written by mistake after the country's own code. Where it is 0, no national
    # number begins with it; elsewhere it is taken off only if the length asks for it (in Russia 8 is both).
    international = "number"
    if trunk and trunk != code:
        rest = f"substr(number, {len(code) + 1})"
        bare = f"substr(number, {len(code) + len(trunk) + 1})"
        wrong = "true" if trunk == "0" else f"length({rest}) not in ({possible}) and length({bare}) in ({possible})"
        international = (
            f"case when starts_with(number, {sql.text(code + trunk)}) and {wrong} then {sql.text(code)} || {bare} else number end"
        )
    national = f"regexp_replace(number, '^{trunk}', '')" if trunk else "number"
    rule = (
        "case when written like '+%' then "
        + international
        + f" when starts_with(written, {sql.text(abroad)}) then "
        + international
        + f" when length({national}) in ({possible}) then {sql.text(code)} || {national}"
        + f" when length(number) in ({possible}) then {sql.text(code)} || number end"
    )
    number = (
        f"(case when written like '+%' then replace(written, '+', '') when starts_with(written, {sql.text(abroad)}) "
        f"then substr(written, {len(abroad) + 1}) else written end)"
    )
    # One-element lists bind the intermediate values, so that each is computed once.
    bound = f"list_transform([{digits}], lambda written: list_transform([{number}], lambda number: {rule})[1])[1]"
    valid = f"case when regexp_full_match(found, {sql.text(_E164)}) then found end"
    return f"list_transform([{bound}], lambda found: {valid})[1]"


def normalised_key(expression: str, key_space: str, country: str) -> str:
    """SQL: the normalised key of that key space, or null."""
    if key_space == "email":
        return email_key(expression)
    if key_space == "phone":
        return f"case when {expression} is not null then {phone_key(expression, country)} end"
    return f"nullif(trim({expression}), '')"


def key_hash(space: str, key: str) -> str:
    """SQL: sha256(salt || key space || ':' || key), hexadecimal; the salt is the bound parameter `$salt`."""
    return f"sha256($salt || {space} || ':' || {key})"


def key_items(feed: Feed, customer_key_space: str, country: str) -> list[tuple[str, str]]:
    """(column, SQL) of the identity columns `_key_space` and `_key`, over the typed columns of the feed."""
    if feed.name == "identity_links":
        items = []
        for side in ("a", "b"):
            key, space = f"key_{side}", f"key_space_{side}"
            rule = (
                f"case lower(trim({space})) when 'email' then {email_key(key)} when 'phone' then "
                f"{phone_key(key, country)} else nullif(trim({key}), '') end"
            )
            items.append((f"{key}_key", rule))
        return items
    items = []
    for column in feed.columns:
        if column.identity:
            space = key_space_of(column.identity, customer_key_space)
            items.append((f"{column.name}_key", normalised_key(sql.name(column.name), space, country)))
    return items


def hash_items(feed: Feed, customer_key_space: str) -> list[tuple[str, str]]:
    """(column, SQL) of all identity columns of raw in order, over a table that has the `_key` columns."""
    items = []
    if feed.name == "identity_links":
        for side in ("a", "b"):
            key = f"key_{side}_key"
            items += [(key, key), (f"key_{side}_hash", key_hash(f"lower(trim(key_space_{side}))", key))]
        return items
    for column in feed.columns:
        if column.identity:
            space = sql.text(key_space_of(column.identity, customer_key_space))
            key = sql.name(f"{column.name}_key")
            items += [
                (f"{column.name}_key_space", f"case when {key} is not null then {space} end"),
                (f"{column.name}_key", key),
                (f"{column.name}_hash", key_hash(space, key)),
            ]
    return items
