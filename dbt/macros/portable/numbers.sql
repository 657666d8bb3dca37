{#- Numbers and texts, where DuckDB and Spark differ. -#}

{#- Numerator over denominator as a double; null when the denominator is zero or null. -#}
{% macro safe_divide(numerator, denominator) -%}
    (cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0))
{%- endmacro %}

{#- A double rounded to so many significant digits (9: the rule for every floating estimate in a mart). Null and zero stay. -#}
{% macro round_significant(number, digits=9) -%}
    (
        case
            when ({{ number }}) is null then cast(null as double)
            when ({{ number }}) = 0 then cast(0 as double)
            else round(
                cast({{ number }} as double),
                cast({{ digits }} - 1 - floor(log10(abs(cast({{ number }} as double)))) as integer)
            )
        end
    )
{%- endmacro %}

{#- Exact interpolated percentile (0..1) of a group, as a double. -#}
{% macro percentile(number, share) -%}
    percentile_cont({{ share }}) within group (order by {{ number }})
{%- endmacro %}

{% macro median_of(number) -%}
    median({{ number }})
{%- endmacro %}

{#- Whole-number division, rounding toward zero. -#}
{% macro integer_divide(dividend, divisor) -%}
    {{ return(adapter.dispatch('integer_divide')(dividend, divisor)) }}
{%- endmacro %}

{% macro duckdb__integer_divide(dividend, divisor) -%}
    (({{ dividend }}) // ({{ divisor }}))
{%- endmacro %}

{% macro spark__integer_divide(dividend, divisor) -%}
    (({{ dividend }}) div ({{ divisor }}))
{%- endmacro %}

{#- sha256 of a text, hexadecimal. For technical identifiers: keys of people are hashed at landing, with the salt that dbt never sees. -#}
{% macro text_hash(text) -%}
    {{ return(adapter.dispatch('text_hash')(text)) }}
{%- endmacro %}

{% macro duckdb__text_hash(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro spark__text_hash(text) -%}
    sha2({{ text }}, 256)
{%- endmacro %}

{#- Whether a text matches a regular expression somewhere. -#}
{% macro matches_pattern(text, pattern) -%}
    {{ return(adapter.dispatch('matches_pattern')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches_pattern(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__matches_pattern(text, pattern) -%}
    {{ text }} rlike '{{ pattern }}'
{%- endmacro %}

{#- A whole number from 0 to 2^31 - 1 that follows from a text and looks drawn at random: the project never calls random(). -#}
{% macro text_number(text) -%}
    {{ return(adapter.dispatch('text_number')(text)) }}
{%- endmacro %}

{% macro duckdb__text_number(text) -%}
    cast(md5_number_upper({{ text }}) >> 33 as bigint)
{%- endmacro %}

{% macro spark__text_number(text) -%}
    {#- DuckDB reads the bytes of a half from the last to the first -#}
    {%- set half = 'md5(' ~ text ~ ')' -%}
    shiftright(
        cast(
            conv(
                concat(
                    substring({{ half }}, 15, 2), substring({{ half }}, 13, 2), substring({{ half }}, 11, 2), substring({{ half }}, 9, 2)
                ),
                16,
                10
            ) as bigint
        ),
        1
    )
{%- endmacro %}

{#- A number of 0 to 1 (1 excluded) from a text, even and without pattern, the same on every engine: the first 32 bits of its sha256. -#}
{% macro hash_share(text) -%}
    {{ return(adapter.dispatch('hash_share')(text)) }}
{%- endmacro %}

{% macro duckdb__hash_share(text) -%}
    (cast('0x' || substr(sha256({{ text }}), 1, 8) as bigint) / 4294967296.0)
{%- endmacro %}

{% macro spark__hash_share(text) -%}
    (cast(conv(substr(sha2({{ text }}, 256), 1, 8), 16, 10) as bigint) / 4294967296.0)
{%- endmacro %}
