with

newest as (

    {{ newest_versions('crm_subscriptions') }}

),

final as (

    select
        -- ids
        newest.subscription_id,
        newest.customer_id,

        -- keys
        newest.customer_id_key_space,
        newest.customer_id_key,
        newest.customer_id_hash,

        -- texts
        newest.plan,
        newest.company_currency as currency,
        {{ known('end_reason', 'ended_at') }} as end_reason,

        -- numbers
        {{ in_company_currency('monthly_amount') }} as monthly_amount,

        -- times
        newest.started_at,
        {{ known('cancellation_requested_at', 'cancellation_requested_at') }} as cancellation_requested_at,
        {{ known('ended_at', 'ended_at') }} as ended_at,
        newest.updated_at,

        -- as it came
        newest.monthly_amount as source_monthly_amount,
        newest.currency as source_currency

    from newest

)

select * from final
