with

exchange_rates as (

    select * from {{ ref('stg_reference__exchange_rates') }}

),

-- a rate holds until the next one; the first one also holds before it, so that an early row is converted, not lost
final as (

    select
        currency,
        case
            when row_number() over (partition by currency order by valid_from) = 1 then date '1900-01-01'
            else valid_from
        end as valid_from,
        coalesce(lead(valid_from) over (partition by currency order by valid_from), date '9999-12-31') as valid_before,
        rate
    from exchange_rates

)

select * from final
