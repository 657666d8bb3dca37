{#- Texts, where DuckDB and Spark differ. -#}

{#- A name without what people write in different ways: case, accents, spaces, hyphens, apostrophes. Null when no letter is left. -#}
{% macro plain_letters(text) -%}
    {{ return(adapter.dispatch('plain_letters')(text)) }}
{%- endmacro %}

{% macro duckdb__plain_letters(text) -%}
    nullif(regexp_replace(lower(strip_accents({{ text }})), '[^\p{L}]', '', 'g'), '')
{%- endmacro %}

{% macro spark__plain_letters(text) -%}
    nullif(
        translate(
            regexp_replace(lower({{ text }}), '[^\\p{L}]', ''),
            'àâäáãåçéèêëíìîïñóòôöõúùûüýÿ',
            'aaaaaaceeeeiiiinooooouuuuyy'
        ),
        ''
    )
{%- endmacro %}

{#- A code (postal code) in capitals without spaces or signs. Null when nothing is left. -#}
{% macro plain_code(text) -%}
    {{ return(adapter.dispatch('plain_code')(text)) }}
{%- endmacro %}

{% macro duckdb__plain_code(text) -%}
    nullif(regexp_replace(upper({{ text }}), '[^0-9A-Z]', '', 'g'), '')
{%- endmacro %}

{% macro spark__plain_code(text) -%}
    nullif(regexp_replace(upper({{ text }}), '[^0-9A-Z]', ''), '')
{%- endmacro %}

{#- The texts of a group below one another, in an order. -#}
{% macro joined_lines(text, order_by) -%}
    {{ return(adapter.dispatch('joined_lines')(text, order_by)) }}
{%- endmacro %}

{% macro duckdb__joined_lines(text, order_by) -%}
    string_agg({{ text }}, chr(10) order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_lines(text, order_by) -%}
    listagg({{ text }}, '\n') within group (order by {{ order_by }})
{%- endmacro %}

{#- A text as a JSON string, quotes included. Control characters other than line breaks are not expected. -#}
{% macro json_text(text) -%}
    {{ return(adapter.dispatch('json_text')(text)) }}
{%- endmacro %}

{% macro duckdb__json_text(text) -%}
    ('"' || replace(replace(replace({{ text }}, '\', '\\'), '"', '\"'), chr(10), '\n') || '"')
{%- endmacro %}

{% macro spark__json_text(text) -%}
    concat('"', replace(replace(replace({{ text }}, '\\', '\\\\'), '"', '\\"'), '\n', '\\n'), '"')
{%- endmacro %}
