-- Whether one of five recommended products was bought in the month after, as of past months: co-purchase beside popularity, on
-- the same customers. Nothing of that month was known to either.

with

windows as (

    select * from {{ ref('int_product_windows') }}

),

cuts as (

    select distinct cut
    from {{ ref('int_recommendation_products') }}
    where cut > 0

),

customers as (

    select
        customer_number,
        {{ text_number('customer_id') }} as customer_draw
    from {{ ref('int_customers') }}

),

histories as (

    select distinct
        cuts.cut,
        windows.customer_number
    from windows
    inner join cuts
        on
            windows.window_number >= cuts.cut
            and windows.window_number < cuts.cut + {{ recommendation_windows() }}
    where windows.is_bought

),

buyers as (

    select distinct
        customer_number,
        window_number
    from windows
    where is_bought

),

asked as (

    select
        cuts.cut,
        customers.customer_number,
        true as is_paired
    from cuts
    inner join buyers on cuts.cut - 1 = buyers.window_number
    inner join histories on cuts.cut = histories.cut and buyers.customer_number = histories.customer_number
    inner join customers on buyers.customer_number = customers.customer_number
    -- enough for a difference of a hundredth; the draw is that of the customer's id
    qualify
        row_number() over (partition by cuts.cut order by customers.customer_draw, customers.customer_number)
        <= {{ var('recommendation_trial_cap') }}

),

lists as (

    with {{ recommendation_lists() }}

),

hits as (

    select
        lists.cut,
        lists.customer_number,
        max(case when lists.place <= {{ recommended_products() }} then 1 else 0 end) as is_hit_by_co_purchase,
        max(case when lists.popular_place <= {{ recommended_products() }} then 1 else 0 end) as is_hit_by_popularity
    from lists
    inner join windows as bought
        on
            lists.customer_number = bought.customer_number
            and lists.product_number = bought.product_number
            and lists.cut - 1 = bought.window_number
    where bought.is_bought
    group by lists.cut, lists.customer_number

),

final as (

    select
        asked.cut,
        asked.customer_number,
        coalesce(hits.is_hit_by_co_purchase, 0) as is_hit_by_co_purchase,
        coalesce(hits.is_hit_by_popularity, 0) as is_hit_by_popularity
    from asked
    left join hits on asked.cut = hits.cut and asked.customer_number = hits.customer_number

)

select * from final
