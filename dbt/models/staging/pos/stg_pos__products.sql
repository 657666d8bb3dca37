with

newest as (

    {{ newest_versions('pos_products') }}

),

final as (

    select
        -- ids
        newest.product_id,

        -- texts
        newest.label,
        newest.category,
        newest.brand,

        -- numbers
        newest.margin_rate

    from newest

)

select * from final
