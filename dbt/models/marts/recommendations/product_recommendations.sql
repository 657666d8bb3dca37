{#- French puts no-break spaces inside quotation marks and before a colon. #}
{%- set nbsp = '\u00a0' %}
-- Five products that a customer may like, each with its reason.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

tests as (

    select * from {{ ref('recommendation_tests') }}
    where method = 'co_purchase'

),

-- who has bought something in the year
asked as (

    select distinct
        0 as cut,
        windows.customer_number,
        tests.is_used as is_paired
    from {{ ref('int_product_windows') }} as windows
    cross join tests
    where windows.is_bought and windows.window_number < {{ recommendation_windows() }}

),

lists as (

    with {{ recommendation_lists() }}

),

customers as (

    select
        customer_number,
        customer_id
    from {{ ref('int_customers') }}

),

labels as (

    select
        numbers.product_number,
        numbers.product_id,
        products.label
    from {{ ref('int_product_numbers') }} as numbers
    inner join {{ ref('products') }} as products on numbers.product_id = products.product_id

),

explained as (

    select
        lists.customer_number,
        lists.place,
        labels.product_id,
        lists.basis,
        lists.score,
        bought.product_id as because_product_id,
        pairs.lift,
        case
            when lists.basis = 'co_purchase'
                then
                    'a acheté «{{ nbsp }}' || bought.label || '{{ nbsp }}»{{ nbsp }}: les deux vont ensemble '
                    || replace(cast(cast(pairs.lift as decimal(9, 1)) as varchar), '.', ',') || ' fois plus souvent que par hasard'
            when lists.is_paired then 'parmi les produits les plus achetés des 90 derniers jours'
            else
                'parmi les produits les plus achetés des 90 derniers jours{{ nbsp }}; il n’est pas établi que des achats conjoints '
                || 'prévoient mieux'
        end as because_fr,
        case
            when lists.basis = 'co_purchase'
                then
                    'bought “' || bought.label || '”: the two go together '
                    || cast(cast(pairs.lift as decimal(9, 1)) as varchar) || ' times as often as by chance'
            when lists.is_paired then 'among the most bought products of the last 90 days'
            else 'among the most bought products of the last 90 days; co-purchases are not known to foretell more'
        end as because_en
    from (
        select
            lists.*,
            tests.is_used as is_paired
        from lists
        cross join tests
    ) as lists
    inner join labels on lists.product_number = labels.product_number
    left join labels as bought on lists.because_product_number = bought.product_number
    left join {{ ref('int_product_pairs') }} as pairs
        on
            lists.cut = pairs.cut
            and lists.because_product_number = pairs.product_number
            and lists.product_number = pairs.with_product_number
    where lists.place <= {{ recommended_products() }}

),

final as (

    select
        customers.customer_id,
        cast(explained.place as integer) as rank,
        explained.product_id,
        {{ round_significant('explained.score') }} as score,
        explained.basis,
        explained.because_product_id,
        {{ round_significant('explained.lift') }} as lift,
        case when run_context.language = 'fr' then explained.because_fr else explained.because_en end as because,
        explained.because_fr,
        explained.because_en
    from explained
    inner join customers on explained.customer_number = customers.customer_number
    cross join run_context

)

select * from final
