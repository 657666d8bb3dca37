{#-
Instants and days, where DuckDB and Spark differ. Instants are naive timestamps in UTC; days are dates in the company's time zone.
`time_zone` is an SQL expression: by default the column of `run_context`, which the query must have cross joined under that name.
-#}

{#- The instant as wall-clock time of the company (a naive timestamp). -#}
{% macro to_company_time(instant, time_zone='run_context.time_zone') -%}
    {{ return(adapter.dispatch('to_company_time')(instant, time_zone)) }}
{%- endmacro %}

{% macro duckdb__to_company_time(instant, time_zone) -%}
    timezone({{ time_zone }}, timezone('UTC', {{ instant }}))
{%- endmacro %}

{% macro spark__to_company_time(instant, time_zone) -%}
    from_utc_timestamp({{ instant }}, {{ time_zone }})
{%- endmacro %}

{#- The instant (naive UTC) of a wall-clock time of the company. An hour that exists twice is the later instant, as at landing. -#}
{% macro from_company_time(local_time, time_zone='run_context.time_zone') -%}
    {{ return(adapter.dispatch('from_company_time')(local_time, time_zone)) }}
{%- endmacro %}

{% macro duckdb__from_company_time(local_time, time_zone) -%}
    timezone('UTC', timezone({{ time_zone }}, cast({{ local_time }} as timestamp)))
{%- endmacro %}

{% macro spark__from_company_time(local_time, time_zone) -%}
    to_utc_timestamp({{ local_time }}, {{ time_zone }})
{%- endmacro %}

{#- The day of the instant in the company's time zone. -#}
{% macro company_day(instant, time_zone='run_context.time_zone') -%}
    cast({{ to_company_time(instant, time_zone) }} as date)
{%- endmacro %}

{#- The first day of the instant's month in the company's time zone. -#}
{% macro company_month(instant, time_zone='run_context.time_zone') -%}
    cast(date_trunc('month', {{ to_company_time(instant, time_zone) }}) as date)
{%- endmacro %}

{#- The Monday of the instant's week in the company's time zone. -#}
{% macro company_week(instant, time_zone='run_context.time_zone') -%}
    cast(date_trunc('week', {{ to_company_time(instant, time_zone) }}) as date)
{%- endmacro %}

{#- First day of the month of a day. -#}
{% macro month_of(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{#- Monday of the week of a day. -#}
{% macro week_of(day) -%}
    cast(date_trunc('week', {{ day }}) as date)
{%- endmacro %}

{#- Whole days from one date to another (negative when the second is earlier). -#}
{% macro days_between(first_day, second_day) -%}
    {{ return(adapter.dispatch('days_between')(first_day, second_day)) }}
{%- endmacro %}

{% macro duckdb__days_between(first_day, second_day) -%}
    date_diff('day', cast({{ first_day }} as date), cast({{ second_day }} as date))
{%- endmacro %}

{% macro spark__days_between(first_day, second_day) -%}
    cast(datediff(cast({{ second_day }} as date), cast({{ first_day }} as date)) as bigint)
{%- endmacro %}

{#- Seconds from one instant to another, an integer; parts of a second are cut off at both ends alike. -#}
{% macro seconds_between(first_instant, second_instant) -%}
    {{ return(adapter.dispatch('seconds_between')(first_instant, second_instant)) }}
{%- endmacro %}

{% macro duckdb__seconds_between(first_instant, second_instant) -%}
    date_diff('second', {{ first_instant }}, {{ second_instant }})
{%- endmacro %}

{% macro spark__seconds_between(first_instant, second_instant) -%}
    (unix_timestamp({{ second_instant }}) - unix_timestamp({{ first_instant }}))
{%- endmacro %}

{#- Whole months from the month of one date to the month of another. -#}
{% macro months_between_months(first_day, second_day) -%}
    (
        (extract(year from {{ second_day }}) - extract(year from {{ first_day }})) * 12
        + extract(month from {{ second_day }}) - extract(month from {{ first_day }})
    )
{%- endmacro %}

{#- A day so many days later; `days` is a number or an SQL expression. -#}
{% macro add_days_to_date(day, days) -%}
    {{ return(adapter.dispatch('add_days_to_date')(day, days)) }}
{%- endmacro %}

{% macro duckdb__add_days_to_date(day, days) -%}
    (cast({{ day }} as date) + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__add_days_to_date(day, days) -%}
    date_add(cast({{ day }} as date), cast({{ days }} as int))
{%- endmacro %}

{#- A day so many months later (the last day of the month where the day does not exist). -#}
{% macro add_months_to_date(day, months) -%}
    {{ return(adapter.dispatch('add_months_to_date')(day, months)) }}
{%- endmacro %}

{% macro duckdb__add_months_to_date(day, months) -%}
    cast(cast({{ day }} as date) + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months_to_date(day, months) -%}
    add_months(cast({{ day }} as date), cast({{ months }} as int))
{%- endmacro %}

{#- An instant so many times 24 hours later: never calendar days, so that a night of daylight saving changes nothing. -#}
{% macro add_days(instant, days) -%}
    {{ add_seconds(instant, '(' ~ days ~ ') * 86400') }}
{%- endmacro %}

{#- An instant so many hours later. -#}
{% macro add_hours(instant, hours) -%}
    {{ add_seconds(instant, '(' ~ hours ~ ') * 3600') }}
{%- endmacro %}

{#- An instant so many seconds later; `seconds` is a number or an SQL expression. -#}
{% macro add_seconds(instant, seconds) -%}
    {{ return(adapter.dispatch('add_seconds')(instant, seconds)) }}
{%- endmacro %}

{% macro duckdb__add_seconds(instant, seconds) -%}
    ({{ instant }} + to_seconds({{ seconds }}))
{%- endmacro %}

{% macro spark__add_seconds(instant, seconds) -%}
    timestampadd(second, {{ seconds }}, {{ instant }})
{%- endmacro %}

{#- The days of a range, both ends included, as a query with the column `day`. The ends are SQL expressions over `from_clause`. -#}
{% macro day_series(first_day, last_day, from_clause) -%}
    {{ return(adapter.dispatch('day_series')(first_day, last_day, from_clause)) }}
{%- endmacro %}

{% macro duckdb__day_series(first_day, last_day, from_clause) -%}
    select cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date) as day
    from {{ from_clause }}
{%- endmacro %}

{% macro spark__day_series(first_day, last_day, from_clause) -%}
    select explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day)) as day
    from {{ from_clause }}
{%- endmacro %}

{#- Months counted from year 0: consecutive months are consecutive integers. -#}
{% macro month_number(day) -%}
    cast(extract(year from {{ day }}) * 12 + extract(month from {{ day }}) - 1 as integer)
{%- endmacro %}

{#- First day of the quarter of a day. -#}
{% macro quarter_of(day) -%}
    cast(date_trunc('quarter', {{ day }}) as date)
{%- endmacro %}
