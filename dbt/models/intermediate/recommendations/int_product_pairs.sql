-- Which products are bought in one window by one customer more often than by chance, as of each cut: of each product the partners
-- that are worth a recommendation. Pairs are counted once by window, whatever the number of cuts.

with

supported as (

    select * from {{ ref('int_recommendation_products') }}

),

cuts as (

    select distinct cut from supported

),

windows as (

    select
        windows.customer_number,
        windows.window_number,
        windows.product_number
    from {{ ref('int_product_windows') }} as windows
    where
        windows.is_bought
        and windows.product_number in (select supported.product_number from supported)

),

buyers as (

    select distinct
        customer_number,
        window_number
    from {{ ref('int_product_windows') }}
    where is_bought

),

sizes as (

    select
        cuts.cut,
        count(*) as windows
    from cuts
    inner join buyers
        on
            cuts.cut <= buyers.window_number
            and cuts.cut + {{ recommendation_windows() }} > buyers.window_number
    group by cuts.cut

),

together as (

    select
        one.product_number,
        two.product_number as with_product_number,
        one.window_number,
        count(*) as windows
    from windows as one
    inner join windows as two
        on
            one.customer_number = two.customer_number
            and one.window_number = two.window_number
            and one.product_number < two.product_number
    group by one.product_number, two.product_number, one.window_number

),

counted as (

    select
        cuts.cut,
        together.product_number,
        together.with_product_number,
        sum(together.windows) as windows_together
    from together
    inner join cuts
        on
            together.window_number >= cuts.cut
            and together.window_number < cuts.cut + {{ recommendation_windows() }}
    group by cuts.cut, together.product_number, together.with_product_number
    having sum(together.windows) >= {{ recommendation_support() }}

),

both_ways as (

    select
        cut,
        product_number,
        with_product_number,
        windows_together
    from counted
    union all
    select
        cut,
        with_product_number as product_number,
        product_number as with_product_number,
        windows_together
    from counted

),

lifted as (

    select
        both_ways.cut,
        both_ways.product_number,
        both_ways.with_product_number,
        cast(both_ways.windows_together as bigint) as windows_together,
        partners.recent_customers,
        cast(products.windows as double) * partners.windows / sizes.windows as expected_together
    from both_ways
    inner join supported as products
        on both_ways.cut = products.cut and both_ways.product_number = products.product_number
    inner join supported as partners
        on both_ways.cut = partners.cut and both_ways.with_product_number = partners.product_number
    inner join sizes on both_ways.cut = sizes.cut

),

-- half the least support is added on both sides: a lift that rests on little is drawn toward 1
measured as (

    select
        cut,
        product_number,
        with_product_number,
        windows_together,
        recent_customers,
        {{ safe_divide('windows_together', 'expected_together') }} as lift,
        cast(
            round(
                1000000 * ln(
                    (windows_together + 0.5 * {{ recommendation_support() }})
                    / (expected_together + 0.5 * {{ recommendation_support() }})
                )
            ) as bigint
        ) as log_lift_millionths
    from lifted

),

final as (

    select
        cut,
        product_number,
        with_product_number,
        windows_together,
        lift,
        log_lift_millionths
    from measured
    qualify
        row_number() over (
            partition by cut, product_number
            order by round(1000000 * ln(recent_customers)) + log_lift_millionths desc, with_product_number asc
        ) <= {{ kept_partners() }}

)

select * from final
