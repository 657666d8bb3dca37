{#- Rows that lack a value in any of the columns, with the name of the first such column. One query for all: a test costs more than its scan. -#}
{% test no_nulls(model, columns) %}

select
    case
        {%- for column in columns %}
        when {{ column }} is null then '{{ column }}'
        {%- endfor %}
    end as column_without_value,
    *
from {{ model }}
where
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}{{ column }} is null
    {%- endfor %}

{% endtest %}
