{#-
Recommended products. Purchases are counted in windows of 30 days that end with the known sales: window 0 is the newest. What is recommended as of cut c knows
the windows c to c + 11 alone, and is tried on window c - 1; cut 0 is today.
-#}

{#- Days of a window in which two purchases of a customer are together: a basket of one ticket misses what is fetched a week later. -#}
{% macro recommendation_window_days() -%} 30 {%- endmacro %}

{#- Windows that a cut knows (a year), those that are "just bought" and make popularity (90 days, the longest window of re-purchase). -#}
{% macro recommendation_windows() -%} 12 {%- endmacro %}
{% macro recent_windows() -%} 3 {%- endmacro %}

{#- Past months on which both methods are tried. -#}
{% macro recommendation_trials() -%} 3 {%- endmacro %}

{#-
Least customer windows in which a product, and two products together, were bought. Of 20 the logarithm of the lift is known to 0.22, and no single customer can be told
from it (a year has 12 windows); it is the size of a group from which personas are told, too.
-#}
{% macro recommendation_support() -%} 20 {%- endmacro %}

{#- What bounds the cost: products that are paired (the most bought), partners kept of each, last products of a customer that are looked at, popular ones. -#}
{% macro paired_products() -%} 1000 {%- endmacro %}
{% macro kept_partners() -%} 20 {%- endmacro %}
{% macro looked_at_products() -%} 10 {%- endmacro %}
{% macro popular_products() -%} 50 {%- endmacro %}

{#- Recommended products of a customer: hit rate at 5. -#}
{% macro recommended_products() -%} 5 {%- endmacro %}

{#- How much the lifts weigh beside popularity; chosen on three months of public tickets (docs/decisions.md). -#}
{% macro lift_weight() -%} 2.0 {%- endmacro %}

{#-
The list of each customer in `asked` (cut, customer_number), in three steps, each of them CTEs over those before. For the few customers of a trial they are one
query; for everybody each is a table of its own, so that one at a time is in memory.

First, what each customer is known to have bought and given back by the cut: `known`.
-#}
{% macro recommendation_known() -%}
known as (

    select
        asked.cut,
        asked.customer_number,
        windows.product_number,
        max(windows.last_bought_on) as last_bought_on,
        max(case when windows.is_returned then 1 else 0 end) = 1 as is_returned,
        max(case when windows.is_bought and windows.window_number < asked.cut + {{ recent_windows() }} then 1 else 0 end) = 1
            as is_just_bought
    from asked
    inner join {{ ref('int_product_windows') }} as windows
        on
            asked.customer_number = windows.customer_number
            and asked.cut <= windows.window_number
            and asked.cut + {{ recommendation_windows() }} > windows.window_number
    group by asked.cut, asked.customer_number, windows.product_number

)
{%- endmacro %}

{#- Second, from `known`: at most five products that go with the last ones bought, `paired`. -#}
{% macro recommendation_paired() -%}
-- the last products of each customer, without what was given back
latest as (

    select
        known.cut,
        known.customer_number,
        known.product_number,
        row_number() over (
            partition by known.cut, known.customer_number order by known.last_bought_on desc, known.product_number asc
        ) as place
    from known
    inner join {{ ref('int_recommendation_products') }} as supported
        on known.cut = supported.cut and known.product_number = supported.product_number
    where not known.is_returned and known.last_bought_on is not null

),

anchors as (

    select
        cut,
        customer_number,
        product_number,
        count(*) over (partition by cut, customer_number) as anchors
    from latest
    where place <= {{ looked_at_products() }}

),

-- sums of whole millionths: the same in every order
candidates as (

    select
        anchors.cut,
        anchors.customer_number,
        pairs.with_product_number as product_number,
        max(anchors.anchors) as anchors,
        sum(pairs.log_lift_millionths) as log_lift_millionths,
        -- the strongest of them; the smaller number where two are alike
        max(pairs.log_lift_millionths * 100000000 - anchors.product_number) as strongest
    from anchors
    inner join {{ ref('int_product_pairs') }} as pairs
        on anchors.cut = pairs.cut and anchors.product_number = pairs.product_number
    group by anchors.cut, anchors.customer_number, pairs.with_product_number
    having max(pairs.log_lift_millionths) > 0

),

scored as (

    select
        candidates.cut,
        candidates.customer_number,
        candidates.product_number,
        supported.recent_share
        * exp({{ lift_weight() }} * candidates.log_lift_millionths / 1000000.0 / candidates.anchors) as score,
        {{ integer_divide('candidates.strongest + 99999999', '100000000') }} * 100000000 - candidates.strongest
            as because_product_number
    from candidates
    inner join {{ ref('int_recommendation_products') }} as supported
        on candidates.cut = supported.cut and candidates.product_number = supported.product_number
    left join known
        on
            candidates.cut = known.cut
            and candidates.customer_number = known.customer_number
            and candidates.product_number = known.product_number
            and (known.is_just_bought or known.is_returned)
    where known.product_number is null

),

paired as (

    select * from scored
    qualify
        row_number() over (partition by cut, customer_number order by score desc, product_number asc)
        <= {{ recommended_products() }}

)
{%- endmacro %}

{#-
Third, from `asked`, `known` and `paired`: `listed`, one row per customer and product that stands in one of two lists. `place`: co-purchase, filled up with what is
popular; `popular_place`: popularity alone.
-#}
{% macro recommendation_listed() -%}
-- so many popular products are passed over: only so many more than wanted need be looked at
passed_over as (

    select
        known.cut,
        known.customer_number,
        count(*) as products
    from known
    inner join {{ ref('int_recommendation_products') }} as supported
        on known.cut = supported.cut and known.product_number = supported.product_number
    where (known.is_just_bought or known.is_returned) and supported.popularity_place <= {{ popular_products() }}
    group by known.cut, known.customer_number

),

wanted as (

    select
        asked.cut,
        asked.customer_number,
        -- twice as many as are listed: up to five of them may stand in the other list
        least({{ popular_products() }}, 2 * {{ recommended_products() }} + coalesce(passed_over.products, 0)) as looked_at
    from asked
    left join passed_over on asked.cut = passed_over.cut and asked.customer_number = passed_over.customer_number

),

popular as (

    select
        wanted.cut,
        wanted.customer_number,
        supported.product_number,
        supported.recent_share,
        row_number() over (
            partition by wanted.cut, wanted.customer_number order by supported.popularity_place
        ) as popular_place
    from wanted
    inner join {{ ref('int_recommendation_products') }} as supported
        on wanted.cut = supported.cut and wanted.looked_at >= supported.popularity_place
    left join known
        on
            wanted.cut = known.cut
            and wanted.customer_number = known.customer_number
            and supported.product_number = known.product_number
            and (known.is_just_bought or known.is_returned)
    where known.product_number is null

),

both_lists as (

    select
        coalesce(paired.cut, popular.cut) as cut,
        coalesce(paired.customer_number, popular.customer_number) as customer_number,
        coalesce(paired.product_number, popular.product_number) as product_number,
        case when paired.product_number is null then 'popularity' else 'co_purchase' end as basis,
        coalesce(paired.score, popular.recent_share) as score,
        paired.because_product_number,
        popular.popular_place
    from paired
    full outer join popular
        on
            paired.cut = popular.cut
            and paired.customer_number = popular.customer_number
            and paired.product_number = popular.product_number

),

placed as (

    select
        both_lists.*,
        row_number() over (
            partition by cut, customer_number
            order by
                basis asc,
                case when basis = 'co_purchase' then score end desc,
                popular_place asc,
                product_number asc
        ) as place
    from both_lists

),

listed as (

    select * from placed
    where place <= {{ recommended_products() }} or popular_place <= {{ recommended_products() }}

)
{%- endmacro %}
