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
The list of each customer in `asked` (cut, customer_number, is_paired: whether co-purchase is asked for): one row per cut, customer and product that stands
in one of two lists. `place`: co-purchase, filled up with what is popular; `popular_place`: popularity alone.
A body of CTEs with a final select: `with asked as (...), <this>`.
-#}
{% macro recommendation_lists() -%}
windows as (

    select * from {{ ref('int_product_windows') }}

),

supported as (

    select * from {{ ref('int_recommendation_products') }}

),

pairs as (

    select * from {{ ref('int_product_pairs') }}

),

known as (

    select
        asked.cut,
        asked.customer_number,
        asked.is_paired,
        windows.product_number,
        max(windows.last_bought_on) as last_bought_on,
        max(case when windows.is_returned then 1 else 0 end) = 1 as is_returned,
        max(case when windows.is_bought and windows.window_number < asked.cut + {{ recent_windows() }} then 1 else 0 end) = 1
            as is_just_bought
    from asked
    inner join windows
        on
            asked.customer_number = windows.customer_number
            and asked.cut <= windows.window_number
            and asked.cut + {{ recommendation_windows() }} > windows.window_number
    group by asked.cut, asked.customer_number, asked.is_paired, windows.product_number

),

-- the last products of each customer, without what was given back
anchors as (

    select
        known.cut,
        known.customer_number,
        known.product_number
    from known
    inner join supported on known.cut = supported.cut and known.product_number = supported.product_number
    where known.is_paired and not known.is_returned and known.last_bought_on is not null
    qualify
        row_number() over (
            partition by known.cut, known.customer_number order by known.last_bought_on desc, known.product_number asc
        ) <= {{ looked_at_products() }}

),

anchor_counts as (

    select
        cut,
        customer_number,
        count(*) as anchors
    from anchors
    group by cut, customer_number

),

-- sums of whole millionths: the same in every order
candidates as (

    select
        anchors.cut,
        anchors.customer_number,
        pairs.with_product_number as product_number,
        sum(pairs.log_lift_millionths) as log_lift_millionths,
        -- the strongest of them; the smaller number where two are alike
        max(pairs.log_lift_millionths * 100000000 - anchors.product_number) as strongest
    from anchors
    inner join pairs on anchors.cut = pairs.cut and anchors.product_number = pairs.product_number
    group by anchors.cut, anchors.customer_number, pairs.with_product_number
    having max(pairs.log_lift_millionths) > 0

),

barred as (

    select
        cut,
        customer_number,
        product_number
    from known
    where is_just_bought or is_returned

),

scored as (

    select
        candidates.cut,
        candidates.customer_number,
        candidates.product_number,
        'co_purchase' as basis,
        supported.recent_share
        * exp({{ lift_weight() }} * candidates.log_lift_millionths / 1000000.0 / anchor_counts.anchors) as score,
        {{ integer_divide('candidates.strongest + 99999999', '100000000') }} * 100000000 - candidates.strongest
            as because_product_number
    from candidates
    inner join anchor_counts
        on candidates.cut = anchor_counts.cut and candidates.customer_number = anchor_counts.customer_number
    inner join supported on candidates.cut = supported.cut and candidates.product_number = supported.product_number
    left join barred
        on
            candidates.cut = barred.cut
            and candidates.customer_number = barred.customer_number
            and candidates.product_number = barred.product_number
    where barred.product_number is null

),

paired as (

    select * from scored
    qualify
        row_number() over (partition by cut, customer_number order by score desc, product_number asc)
        <= {{ recommended_products() }}

),

popular as (

    select
        asked.cut,
        asked.customer_number,
        supported.product_number,
        supported.recent_share,
        row_number() over (
            partition by asked.cut, asked.customer_number order by supported.popularity_place
        ) as popular_place
    from asked
    inner join supported
        on asked.cut = supported.cut and supported.popularity_place <= {{ popular_products() }}
    left join barred
        on
            asked.cut = barred.cut
            and asked.customer_number = barred.customer_number
            and supported.product_number = barred.product_number
    where barred.product_number is null
    -- five more than wanted: up to five of them may stand in the other list
    qualify popular_place <= 2 * {{ recommended_products() }}

),

listed as (

    select
        coalesce(paired.cut, popular.cut) as cut,
        coalesce(paired.customer_number, popular.customer_number) as customer_number,
        coalesce(paired.product_number, popular.product_number) as product_number,
        coalesce(paired.basis, 'popularity') as basis,
        coalesce(paired.score, popular.recent_share) as score,
        paired.because_product_number,
        popular.popular_place,
        row_number() over (
            partition by coalesce(paired.cut, popular.cut), coalesce(paired.customer_number, popular.customer_number)
            order by
                case when paired.basis is null then 1 else 0 end,
                paired.score desc,
                popular.popular_place,
                coalesce(paired.product_number, popular.product_number)
        ) as place
    from paired
    full outer join popular
        on
            paired.cut = popular.cut
            and paired.customer_number = popular.customer_number
            and paired.product_number = popular.product_number

)

select * from listed
where place <= {{ recommended_products() }} or popular_place <= {{ recommended_products() }}
{%- endmacro %}
