{#-
The KPIs of operations that are a ratio of two sums over contacts. Each has two columns in `int_contact_measures`:
`<kpi>_y` (what counts; seconds for a mean) and `<kpi>_n` (1 where the contact is concerned). `immature` names the
measure that counts the contacts whose window is not over. One list, so that a KPI is added in two places only: here
and in `int_contact_measures`.
-#}
{% macro operations_ratios() %}
    {{ return([
        {'kpi': 'service_level_missed_abandons', 'unit': 'rate', 'immature': 'immature_answers'},
        {'kpi': 'service_level_met_abandons', 'unit': 'rate', 'immature': 'immature_answers'},
        {'kpi': 'service_level_met_short_abandons', 'unit': 'rate', 'immature': 'immature_answers'},
        {'kpi': 'service_level_without_quick_abandons', 'unit': 'rate', 'immature': 'immature_answers'},
        {'kpi': 'service_level_without_abandons', 'unit': 'rate', 'immature': 'immature_answers'},
        {'kpi': 'average_speed_of_answer', 'unit': 'seconds', 'immature': 'immature_answers'},
        {'kpi': 'abandonment_rate', 'unit': 'rate', 'immature': 'immature_answers'},
        {'kpi': 'short_abandonment_rate', 'unit': 'rate', 'immature': 'immature_answers'},
        {'kpi': 'average_handling_time', 'unit': 'seconds', 'immature': none},
        {'kpi': 'first_contact_resolution', 'unit': 'rate', 'immature': 'immature_resolutions'},
        {'kpi': 'transfer_rate', 'unit': 'rate', 'immature': none},
        {'kpi': 'reopening_rate', 'unit': 'rate', 'immature': none},
    ]) }}
{% endmacro %}

{#-
Sums and second moments of every ratio, over rows that are one cluster each. Squares of seconds are decimals: a sum of
them can pass what a 64-bit integer holds.
-#}
{% macro operations_moments() -%}
    {% for ratio in operations_ratios() %}
    sum({{ ratio.kpi }}_y) as {{ ratio.kpi }}_y,
    sum({{ ratio.kpi }}_n) as {{ ratio.kpi }}_n,
    {% if ratio.unit == 'seconds' %}
    sum(cast({{ ratio.kpi }}_y as decimal(18, 0)) * cast({{ ratio.kpi }}_y as decimal(18, 0))) as {{ ratio.kpi }}_yy,
    {% else %}
    sum({{ ratio.kpi }}_y * {{ ratio.kpi }}_y) as {{ ratio.kpi }}_yy,
    {% endif %}
    sum({{ ratio.kpi }}_y * {{ ratio.kpi }}_n) as {{ ratio.kpi }}_yn,
    sum({{ ratio.kpi }}_n * {{ ratio.kpi }}_n) as {{ ratio.kpi }}_nn,
    sum(case when {{ ratio.kpi }}_n > 0 then 1 else 0 end) as {{ ratio.kpi }}_k,
    {% endfor %}
    sum(immature_answers) as immature_answers,
    sum(immature_resolutions) as immature_resolutions,
    sum(inbound_contacts) as inbound_contacts
{%- endmacro %}

{#- The sums of cells that are already summed: moments add over clusters, and clusters of two cells are never the same. -#}
{% macro operations_sums() -%}
    {% for ratio in operations_ratios() %}
    {% for part in ['y', 'n', 'yy', 'yn', 'nn', 'k'] %}
    sum({{ ratio.kpi }}_{{ part }}) as {{ ratio.kpi }}_{{ part }},
    {% endfor %}
    {% endfor %}
    sum(immature_answers) as immature_answers,
    sum(immature_resolutions) as immature_resolutions,
    sum(inbound_contacts) as inbound_contacts
{%- endmacro %}

{#- The measures of one cluster in one cell: plain sums over its contacts. -#}
{% macro operations_measures() -%}
    {% for ratio in operations_ratios() %}
    cast(sum({{ ratio.kpi }}_y) as bigint) as {{ ratio.kpi }}_y,
    cast(sum({{ ratio.kpi }}_n) as bigint) as {{ ratio.kpi }}_n,
    {% endfor %}
    sum(immature_answers) as immature_answers,
    sum(immature_resolutions) as immature_resolutions,
    sum(inbound_contacts) as inbound_contacts
{%- endmacro %}
