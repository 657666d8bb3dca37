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
