with

newest as (

    {{ newest_versions('crm_contacts') }}

),

final as (

    select
        -- ids
        newest.contact_id,
        newest.case_id,
        newest.customer_id,
        newest.agent_id,
        {{ known('merged_into_contact_id', 'closed_at') }} as merged_into_contact_id,

        -- keys
        newest.customer_id_key_space,
        newest.customer_id_key,
        newest.customer_id_hash,
        newest.agent_id_key_space,
        newest.agent_id_key,
        newest.agent_id_hash,

        -- texts
        newest.channel,
        newest.direction,
        newest.reason,
        {{ known('outcome', 'closed_at') }} as outcome,
        newest.queue,
        newest.retention_offer,
        newest.language,

        -- numbers
        {{ known('talk_seconds', 'answered_at', 'closed_at') }} as talk_seconds,
        {{ known('hold_seconds', 'answered_at', 'closed_at') }} as hold_seconds,
        {{ known('wrap_up_seconds', 'closed_at') }} as wrap_up_seconds,
        {{ known('transfer_count', 'closed_at') }} as transfer_count,
        {{ known('reopen_count', 'closed_at') }} as reopen_count,

        -- truth values
        newest.is_automated,
        newest.has_cancellation_intent,

        -- times
        newest.opened_at,
        {{ known('answered_at', 'answered_at') }} as answered_at,
        {{ known('closed_at', 'closed_at') }} as closed_at,
        newest.updated_at

    from newest

)

select * from final
