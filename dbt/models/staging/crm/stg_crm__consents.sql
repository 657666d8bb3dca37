-- What each customer of the CRM says of profiling today, whatever the as-of date: a refusal outlives the deletion of the record, and
-- the figures of a past date give nobody back the profile that was refused since.

with

versions as (

    select * from {{ source('raw', 'crm_customers') }}

),

feed_status as (

    select coalesce(max(case when is_full_load then 1 else 0 end), 0) = 1 as is_full_load
    from {{ source('run', 'feed_status') }}
    where feed = 'crm_customers'

),

vanished as (

    select
        customer_id,
        max(sequence) as sequence
    from versions
    where is_tombstone
    group by customer_id

),

newest as (

    select
        versions.customer_id,
        versions.customer_id_hash,
        versions.allows_profiling,
        versions.is_deleted,
        max(versions.sequence) over (partition by versions.customer_id) as last_sequence
    from versions
    cross join feed_status
    where not versions.is_tombstone
    qualify
        row_number() over (
            partition by versions.customer_id
            order by
                case when feed_status.is_full_load then versions.sequence else 0 end desc,
                versions.version_at desc nulls last,
                -- of two equal ones the one that refuses
                case when versions.allows_profiling then 1 when versions.allows_profiling is null then 1 else 0 end asc,
                versions.row_hash desc
        ) = 1

),

final as (

    select
        newest.customer_id,
        newest.customer_id_hash,
        coalesce(newest.allows_profiling, true) as allows_profiling,
        coalesce(newest.is_deleted, false) or coalesce(vanished.sequence >= newest.last_sequence, false) as is_deleted
    from newest
    left join vanished
        on newest.customer_id = vanished.customer_id

)

select * from final
