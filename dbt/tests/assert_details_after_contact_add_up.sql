-- A row: a month and window in which the members of a dimension do not add up, to the cent, to the total after contacts. Contacts,
-- euros and costs add across the members of one dimension; customers and rates do not.

with

details as (

    select
        period_start,
        window_days,
        dimension,
        sum(contacts_mature) as contacts_mature,
        sum(immature_count) as immature_count,
        sum(contacts_repurchasing) as contacts_repurchasing,
        sum(coalesce(observed_amount, 0)) as observed_amount,
        sum(coalesce(observed_margin, 0)) as observed_margin,
        sum(pending_amount) as pending_amount,
        sum(coalesce(contact_cost, 0)) as contact_cost
    from {{ ref('repurchase_after_contact_detail') }}
    group by period_start, window_days, dimension

),

totals as (

    select * from {{ ref('repurchase_after_contact') }}
    where value_segment = -1 and channel = 'all'

),

dimensions as (

    select 'relational_family' as dimension
    union all
    select 'reason' as dimension
    union all
    select 'team' as dimension
    union all
    select 'queue' as dimension

),

final as (

    select
        totals.period_start,
        totals.window_days,
        dimensions.dimension
    from totals
    cross join dimensions
    left join details
        on
            totals.period_start = details.period_start
            and totals.window_days = details.window_days
            and dimensions.dimension = details.dimension
    where
        details.dimension is null
        or totals.contacts_mature <> details.contacts_mature
        or totals.immature_count <> details.immature_count
        or totals.contacts_repurchasing <> details.contacts_repurchasing
        or coalesce(totals.observed_amount, 0) <> details.observed_amount
        or coalesce(totals.observed_margin, 0) <> details.observed_margin
        or totals.pending_amount <> details.pending_amount
        or coalesce(totals.contact_cost, 0) <> details.contact_cost

)

select * from final
