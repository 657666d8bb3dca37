with

newest as (

    {{ newest_versions('web_sessions') }}

),

final as (

    select
        -- ids
        newest.session_id,
        newest.customer_id,
        newest.email,

        -- keys
        newest.customer_id_key_space,
        newest.customer_id_key,
        newest.customer_id_hash,
        newest.email_key_space,
        newest.email_key,
        newest.email_hash,

        -- numbers
        newest.page_views,
        newest.help_page_views,
        newest.search_count,
        newest.cart_amount,

        -- times
        newest.started_at

    from newest

)

select * from final
