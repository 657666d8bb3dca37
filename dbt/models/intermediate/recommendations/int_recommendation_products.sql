-- Products that are bought often enough to be recommended, as of each cut.

with

windows as (

    select * from {{ ref('int_product_windows') }}
    where is_bought

),

-- a past month is tried where a quarter of sales at least lies before it
cuts as (

    select distinct cuts.window_number as cut
    from windows as cuts
    cross join (select max(windows.window_number) as oldest_window from windows) as known
    where
        cuts.window_number <= {{ recommendation_trials() }}
        and cuts.window_number + {{ recent_windows() }} - 1 <= known.oldest_window

),

counts as (

    select
        cuts.cut,
        windows.product_number,
        count(*) as windows,
        count(distinct case when windows.window_number < cuts.cut + {{ recent_windows() }} then windows.customer_number end)
            as recent_customers
    from windows
    inner join cuts
        on
            windows.window_number >= cuts.cut
            and windows.window_number < cuts.cut + {{ recommendation_windows() }}
    group by cuts.cut, windows.product_number
    having count(*) >= {{ recommendation_support() }}

),

sizes as (

    select
        cuts.cut,
        count(distinct case when windows.window_number < cuts.cut + {{ recent_windows() }} then windows.customer_number end)
            as recent_customers
    from windows
    inner join cuts
        on
            windows.window_number >= cuts.cut
            and windows.window_number < cuts.cut + {{ recommendation_windows() }}
    group by cuts.cut

),

chosen as (

    select * from counts
    qualify
        row_number() over (partition by cut order by windows desc, product_number asc) <= {{ paired_products() }}

),

final as (

    select
        chosen.cut,
        chosen.product_number,
        chosen.windows,
        chosen.recent_customers,
        {{ safe_divide('chosen.recent_customers', 'sizes.recent_customers') }} as recent_share,
        row_number() over (
            partition by chosen.cut order by chosen.recent_customers desc, chosen.product_number asc
        ) as popularity_place
    from chosen
    inner join sizes on chosen.cut = sizes.cut
    where chosen.recent_customers > 0

)

select * from final
