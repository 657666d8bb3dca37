-- Each eligible contact with each window: is the window over, for every feed that could still change it?

with

contacts as (

    select * from {{ ref('int_repurchase_contacts') }}

),

windows as (

    select * from {{ source('run', 'repurchase_windows') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

-- A sale or a later contact that is not yet known could change the credit: both feeds must have passed the window.
horizon as (

    select
        case when count(horizon_at) = 2 then min(horizon_at) end as horizon_at,
        max(case when date_precision = 'day' then 1 else 0 end) = 1 as is_day_precision
    from {{ source('run', 'feed_status') }}
    where feed in ('crm_contacts', 'pos_transactions')

),

final as (

    select
        contacts.contact_id,
        contacts.customer_id,
        contacts.customer_number,
        contacts.is_alone,
        contacts.channel,
        contacts.opened_at,
        contacts.closed_at,
        contacts.closed_on,
        contacts.opened_month,
        contacts.value_segment,
        contacts.contact_cost,
        windows.window_days,
        horizon.is_day_precision,
        case
            when horizon.is_day_precision
                then
                    coalesce(
                        {{ from_company_time(add_days_to_date('contacts.closed_on', 'windows.window_days + 1')) }}
                        <= horizon.horizon_at,
                        false
                    )
            else {{ is_before_horizon(add_days('contacts.closed_at', 'windows.window_days'), 'horizon.horizon_at') }}
        end as is_mature
    from contacts
    cross join windows
    cross join horizon
    cross join run_context

)

select * from final
