with

newest as (

    {{ newest_versions('survey_responses') }}

),

final as (

    select
        -- ids
        newest.response_id,
        newest.survey_id,
        newest.contact_id,
        newest.customer_id,

        -- keys
        newest.customer_id_key_space,
        newest.customer_id_key,
        newest.customer_id_hash,

        -- texts
        newest.question_code,
        {{ known('verbatim', 'answered_at') }} as verbatim,
        newest.language,

        -- numbers
        {{ known('score', 'answered_at') }} as score,

        -- times
        newest.sent_at,
        {{ known('answered_at', 'answered_at') }} as answered_at

    from newest

)

select * from final
