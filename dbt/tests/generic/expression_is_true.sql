{#- Rows for which an identity of the model is false or null. Use it for arithmetic between columns of one row. -#}
{% test expression_is_true(model, expression) %}

select *
from {{ model }}
where coalesce(not ({{ expression }}), true)

{% endtest %}
