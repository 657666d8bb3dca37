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
        {'kpi': 'average_handling_time', 'unit': 'seconds', 'immature': 'immature_handlings'},
        {'kpi': 'first_contact_resolution', 'unit': 'rate', 'immature': 'immature_resolutions'},
        {'kpi': 'transfer_rate', 'unit': 'rate', 'immature': 'immature_closings'},
        {'kpi': 'reopening_rate', 'unit': 'rate', 'immature': 'immature_closings'},
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
    sum(immature_handlings) as immature_handlings,
    sum(immature_closings) as immature_closings,
    sum(inbound_contacts) as inbound_contacts,
    sum(case when identified_contacts > 0 then 1 else 0 end) as contacting_customers
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
    sum(immature_handlings) as immature_handlings,
    sum(immature_closings) as immature_closings,
    sum(inbound_contacts) as inbound_contacts,
    sum(contacting_customers) as contacting_customers
{%- endmacro %}

{#-
The same for customers who have one contact in the cell: y_i is its y and n_i its n, which is 0 or 1, so that only the
squares of seconds are not known from the two sums. A third of the columns to carry through the roll-ups.
-#}
{% macro operations_lone_sums(is_finest) -%}
    {% for ratio in operations_ratios() %}
    sum({{ ratio.kpi }}_y) as {{ ratio.kpi }}_y,
    sum({{ ratio.kpi }}_n) as {{ ratio.kpi }}_n,
    {% if ratio.unit == 'seconds' and is_finest %}
    sum(cast({{ ratio.kpi }}_y as decimal(18, 0)) * cast({{ ratio.kpi }}_y as decimal(18, 0))) as {{ ratio.kpi }}_yy,
    {% elif ratio.unit == 'seconds' %}
    sum({{ ratio.kpi }}_yy) as {{ ratio.kpi }}_yy,
    {% endif %}
    {% endfor %}
    sum(immature_answers) as immature_answers,
    sum(immature_resolutions) as immature_resolutions,
    sum(immature_handlings) as immature_handlings,
    sum(immature_closings) as immature_closings,
    sum(inbound_contacts) as inbound_contacts,
    sum(identified_contacts) as identified_contacts
{%- endmacro %}

{% macro operations_lone_moments() -%}
    {% for ratio in operations_ratios() %}
    {{ ratio.kpi }}_y,
    {{ ratio.kpi }}_n,
    {{ ratio.kpi }}_y{{ 'y' if ratio.unit == 'seconds' }} as {{ ratio.kpi }}_yy,
    {{ ratio.kpi }}_y as {{ ratio.kpi }}_yn,
    {{ ratio.kpi }}_n as {{ ratio.kpi }}_nn,
    {{ ratio.kpi }}_n as {{ ratio.kpi }}_k,
    {% endfor %}
    immature_answers,
    immature_resolutions,
    immature_handlings,
    immature_closings,
    inbound_contacts,
    identified_contacts as contacting_customers
{%- endmacro %}

{#- The measures of one cluster in one cell: plain sums over its contacts. -#}
{% macro operations_measures() -%}
    {% for ratio in operations_ratios() %}
    cast(sum({{ ratio.kpi }}_y) as bigint) as {{ ratio.kpi }}_y,
    cast(sum({{ ratio.kpi }}_n) as bigint) as {{ ratio.kpi }}_n,
    {% endfor %}
    sum(immature_answers) as immature_answers,
    sum(immature_resolutions) as immature_resolutions,
    sum(immature_handlings) as immature_handlings,
    sum(immature_closings) as immature_closings,
    sum(inbound_contacts) as inbound_contacts,
    sum(identified_contacts) as identified_contacts
{%- endmacro %}
