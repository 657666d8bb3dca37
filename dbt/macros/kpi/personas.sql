{#- Numbers as they stand in the texts of personas: whole or with one decimal; thousands are set apart where the text is shown. -#}
{% macro whole_text(number) -%}
    cast(cast(round({{ number }}) as bigint) as varchar)
{%- endmacro %}

{% macro tenths_text(number) -%}
    cast(cast(round({{ number }}, 1) as decimal(18, 1)) as varchar)
{%- endmacro %}

{#- A figure of a trait in the unit of its phrase. -#}
{% macro phrase_figure(number, unit) -%}
    (
        case {{ unit }}
            when 'percent' then {{ whole_text('100 * ' ~ number) }}
            when 'whole' then {{ whole_text(number) }}
            when 'years' then {{ tenths_text(number ~ ' / 365.25') }}
            else {{ tenths_text(number) }}
        end
    )
{%- endmacro %}

{#- A phrase with its words in braces filled in. `values`: word -> SQL. -#}
{% macro filled_in(phrase, values) -%}
    {%- set made = namespace(sql=phrase) -%}
    {%- for word, value in values.items() -%}
        {%- set made.sql = "replace(" ~ made.sql ~ ", '{" ~ word ~ "}', " ~ value ~ ")" -%}
    {%- endfor -%}
    {{ made.sql }}
{%- endmacro %}

{#-
Whether a code of a source can stand in a sentence: letters, spaces, hyphens and strokes only. Anything else (digits, signs, markup)
tells a director nothing, and may be what somebody has typed.
-#}
{% macro is_plain_code(code) -%}
    coalesce({{ matches_pattern(code, '^[A-Za-zÀ-ÖØ-öø-ÿ][A-Za-zÀ-ÖØ-öø-ÿ _/-]{0,39}$') }}, false)
{%- endmacro %}

{#-
The effective sample with which the Wilson interval at 1.96 errors is that at 3: a hundred channels, reasons and moments are looked
at, and at 1.96 several would stand out by chance.
-#}
{% macro sample_at_three_errors(sample) -%}
    ({{ sample }} * {{ z_95() }} * {{ z_95() }} / 9.0)
{%- endmacro %}
