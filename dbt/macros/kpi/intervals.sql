{#-
Uncertainty of rates and means. The arguments are SQL expressions over one row of a cell:
  y, n               sums over the cell: events that count, events concerned (or the total and the number of a mean)
  yy, yn, nn         sums over the cell's clusters (customers) of y_i * y_i, y_i * n_i, n_i * n_i
  k                  number of clusters with n_i > 0
All sums are whole numbers or decimals, so that the same rows give the same interval; floating point enters only here.
-#}

{#- Two-sided 95 %. -#}
{% macro z_95() -%} 1.959963984540054 {%- endmacro %}

{#-
Variance of y / n with customers as clusters: the linearised ratio estimator with k / (k - 1) (Cochran, Sampling
Techniques, 1977, chapter 6). Null below two clusters.
-#}
{% macro cluster_variance(y, n, yy, yn, nn, k) -%}
    (
        case
            when {{ k }} > 1 then
                cast({{ k }} as double) / (cast({{ k }} as double) - 1.0)
                * greatest(
                    cast({{ yy }} as double)
                    - 2.0 * {{ safe_divide(y, n) }} * cast({{ yn }} as double)
                    + {{ safe_divide(y, n) }} * {{ safe_divide(y, n) }} * cast({{ nn }} as double),
                    0.0
                )
                / (cast({{ n }} as double) * cast({{ n }} as double))
        end
    )
{%- endmacro %}

{#-
n divided by the design effect. The design effect is the clustered variance over that of independent events,
p (1 - p) / (n - 1), so that it is 1 where every customer has one event; never below 1 (an
interval is never narrower than that of independent events) and never above n. Where every event has the same answer
it cannot be estimated: the worst is assumed, the customers' answers are all alike (Kish: n * n / sum of n_i * n_i).
-#}
{% macro effective_sample(y, n, yy, yn, nn, k) -%}
    (
        case
            when {{ n }} = 0 or {{ n }} is null then cast(null as double)
            when {{ k }} < 2 then cast(1 as double)
            when {{ y }} <= 0 or {{ y }} >= {{ n }} then
                cast({{ n }} as double) * cast({{ n }} as double) / cast({{ nn }} as double)
            else cast({{ n }} as double) / least(
                greatest(
                    {{ cluster_variance(y, n, yy, yn, nn, k) }}
                    / (
                        {{ safe_divide(y, n) }} * (1.0 - {{ safe_divide(y, n) }}) / (cast({{ n }} as double) - 1.0)
                    ),
                    1.0
                ),
                cast({{ n }} as double)
            )
        end
    )
{%- endmacro %}

{#- Ends of the Wilson score interval (Wilson, 1927) of a share seen on `sample` (a double: n / design effect) events. -#}
{% macro wilson_low(share, sample) -%}
    (
        case
            when {{ share }} is null or {{ sample }} is null then cast(null as double)
            when {{ share }} <= 0 then cast(0 as double)
            else greatest(0.0, {{ wilson_centre(share, sample) }} - {{ wilson_half_width(share, sample) }})
        end
    )
{%- endmacro %}

{% macro wilson_high(share, sample) -%}
    (
        case
            when {{ share }} is null or {{ sample }} is null then cast(null as double)
            when {{ share }} >= 1 then cast(1 as double)
            else least(1.0, {{ wilson_centre(share, sample) }} + {{ wilson_half_width(share, sample) }})
        end
    )
{%- endmacro %}

{% macro wilson_centre(share, sample) -%}
    (({{ share }} + {{ z_95() }} * {{ z_95() }} / (2.0 * {{ sample }})) / (1.0 + {{ z_95() }} * {{ z_95() }} / {{ sample }}))
{%- endmacro %}

{% macro wilson_half_width(share, sample) -%}
    (
        {{ z_95() }} * sqrt(
            {{ share }} * (1.0 - {{ share }}) / {{ sample }}
            + {{ z_95() }} * {{ z_95() }} / (4.0 * {{ sample }} * {{ sample }})
        ) / (1.0 + {{ z_95() }} * {{ z_95() }} / {{ sample }})
    )
{%- endmacro %}
