{#- Rules of the churn risk. The same numbers stand in `dagster_project/estimates/churn.py`, and a test compares. -#}

{#- How far ahead a subscription is looked at, and how far back the criteria look. -#}
{% macro churn_days() -%} 90 {%- endmacro %}

{#- No silence is waited for longer than this. -#}
{% macro longest_silence_days() -%} 365 {%- endmacro %}

{#- The criteria: columns of int_churn_features. One that says nothing about a kind of customers has no weight there. -#}
{% macro churn_criteria() -%}
    {{ return([
        'contacts', 'unresolved', 'dissatisfied', 'satisfied', 'resolved', 'intent', 'unused', 'purchases', 'silence',
        'rhythm', 'recent', 'tenure', 'amount',
    ]) }}
{%- endmacro %}

{#-
The customer's own 95 % interval, days: the silence that somebody who buys at a steady rate exceeds once in twenty times, given
`repeats` intervals that add up to `observed_days`. Intervals are exponential with an unknown rate, so that the next one exceeds L
with probability (observed / (observed + L)) ^ repeats (prediction with the prior 1 / rate: Lawless and Fredette, 2005).
Without a repeat the longest silence.
-#}
{% macro own_interval_days(observed_days, repeats) -%}
    cast(
        least(
            {{ longest_silence_days() }},
            case
                when {{ repeats }} > 0
                    then
                        greatest(
                            1,
                            ceil(
                                cast({{ observed_days }} as double)
                                * (exp(2.995732273553991 / cast({{ repeats }} as double)) - 1)
                            )
                        )
                else {{ longest_silence_days() }}
            end
        ) as integer
    )
{%- endmacro %}

{#- Logit of the probability to leave: intercept and weighted criteria. -#}
{% macro churn_logit(features, parameters) -%}
    (
        {{ parameters }}.intercept
        {%- for criterion in churn_criteria() %}
        + {{ parameters }}.{{ criterion }}_weight * {{ features }}.{{ criterion }}
        {%- endfor %}
    )
{%- endmacro %}

{#- What criteria add to the logit against the mean of the fit. -#}
{% macro contribution_of(criteria, features, parameters) -%}
    {%- for criterion in criteria -%}
        {{ ' + ' if not loop.first }}{{ parameters }}.{{ criterion }}_weight * ({{ features }}.{{ criterion }} - {{ parameters }}.{{ criterion }}_mean)
    {%- endfor -%}
{%- endmacro %}

{#- Whole months of 30.4375 days from one instant to another. -#}
{% macro rescue_months(first_instant, second_instant) -%}
    cast(floor({{ seconds_between(first_instant, second_instant) }} / (30.4375 * 86400)) as integer)
{%- endmacro %}
