{#- French puts a no-break space before a semicolon and a unit. -#}
{%- set nbsp = '\u00a0' -%}
with

policies as (

    select * from {{ ref('int_relationship_policies') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

-- One short sentence for each measure, in both languages; satisfaction has columns of its own.
sides as (

    select
        value_segment,
        relational_family,
        axis,
        {{ percent_text('begun_share', 'fr') }} || ' des demandes commencent ' || {{ side_label('chosen_side', 'fr') }}
        || case
            when is_contradicted
                then
                    ', mais ceux qui ont utilisé les deux sont plus satisfaits ' || {{ side_label('other_side', 'fr') }} || ' ('
                    || {{ percent_text('other_satisfaction', 'fr') }} || ' contre '
                    || {{ percent_text('chosen_satisfaction', 'fr') }} || ')'
            else ''
        end
        || coalesce(
            '{{ nbsp }}; ' || {{ percent_text('ended_share', 'fr') }} || ' s’achèvent ' || {{ side_label('chosen_side', 'fr') }} || '.',
            '.'
        ) as sentence_fr,
        {{ percent_text('begun_share', 'en') }} || ' of the matters begin ' || {{ side_label('chosen_side', 'en') }}
        || case
            when is_contradicted
                then
                    ', but those who used both are more satisfied ' || {{ side_label('other_side', 'en') }} || ' ('
                    || {{ percent_text('other_satisfaction', 'en') }} || ' against '
                    || {{ percent_text('chosen_satisfaction', 'en') }} || ')'
            else ''
        end
        || coalesce(
            '; ' || {{ percent_text('ended_share', 'en') }} || ' end ' || {{ side_label('chosen_side', 'en') }} || '.', '.'
        ) as sentence_en
    from {{ ref('int_relationship_sides') }}

),

worded as (

    select
        policies.*,
        coalesce(distances.sentence_fr, 'Canal (distance){{ nbsp }}: trop peu de contacts pour conclure.') as distance_fr,
        coalesce(distances.sentence_en, 'Channel (distance): not enough contacts to tell.') as distance_en,
        coalesce(tempos.sentence_fr, 'Canal (tempo){{ nbsp }}: trop peu de contacts pour conclure.') as tempo_fr,
        coalesce(tempos.sentence_en, 'Channel (tempo): not enough contacts to tell.') as tempo_en,
        coalesce(
            'Demandes par client et par an{{ nbsp }}: ' || {{ decimal_text('recommended_frequency', 2, 'fr') }}
            || '{{ nbsp }}; contacts{{ nbsp }}: ' || {{ decimal_text('practised_frequency', 2, 'fr') }} || '.',
            'Fréquence{{ nbsp }}: moins d’un an de contacts est connu.'
        ) as frequency_fr,
        coalesce(
            'Matters a customer and year: ' || {{ decimal_text('recommended_frequency', 2, 'en') }}
            || '; contacts: ' || {{ decimal_text('practised_frequency', 2, 'en') }} || '.',
            'Frequency: less than a year of contacts is known.'
        ) as frequency_en,
        coalesce(
            'Dans ' || {{ percent_text('returned_share', 'fr') }} || ' des demandes, le client a dû revenir',
            'Retours du client{{ nbsp }}: trop peu de demandes pour conclure'
        )
        || case
            when is_outbound_recorded
                then
                    coalesce(
                        '{{ nbsp }}; l’entreprise a appelé le client, ou lui a écrit, dans ' || {{ percent_text('outbound_share', 'fr') }}
                        || ' des dossiers, y compris ceux qu’elle a ouverts.', '.'
                    )
            else '{{ nbsp }}; les contacts sortants ne sont pas enregistrés.'
        end as proactivity_fr,
        coalesce(
            'In ' || {{ percent_text('returned_share', 'en') }} || ' of the matters the customer had to come back',
            'Returns of the customer: not enough matters to tell'
        )
        || case
            when is_outbound_recorded
                then
                    coalesce(
                        '; the company called or wrote in ' || {{ percent_text('outbound_share', 'en') }}
                        || ' of all matters, those that it began included.', '.'
                    )
            else '; outbound contacts are not recorded.'
        end as proactivity_en,
        'Réponse en différé{{ nbsp }}: '
        || case
            when reply_within_hours is null then 'trop peu d’avis pour conclure'
            when fall_hours is null
                then
                    'la satisfaction ne baisse pas nettement jusqu’à ' || {{ decimal_text('reply_within_hours', 0, 'fr') }}
                    || '{{ nbsp }}h d’attente'
            else
                {{ percent_text('fall_satisfaction', 'fr') }} || ' de satisfaits entre ' || {{ band_start_text('fall_hours') }}
                || '{{ nbsp }}h et ' || {{ decimal_text('fall_hours', 0, 'fr') }} || '{{ nbsp }}h d’attente, contre '
                || {{ percent_text('quicker_satisfaction', 'fr') }} || ' avant'
        end
        || coalesce(
            '{{ nbsp }}; attente médiane{{ nbsp }}: ' || {{ decimal_text('practised_reply_within_hours', 1, 'fr') }} || '{{ nbsp }}h.', '.'
        ) as reply_fr,
        'Later replies: '
        || case
            when reply_within_hours is null then 'not enough answers to tell'
            when fall_hours is null
                then
                    'satisfaction does not clearly fall up to ' || {{ decimal_text('reply_within_hours', 0, 'en') }}
                    || ' h of wait'
            else
                {{ percent_text('fall_satisfaction', 'en') }} || ' satisfied between ' || {{ band_start_text('fall_hours') }}
                || ' h and ' || {{ decimal_text('fall_hours', 0, 'en') }} || ' h of wait, against '
                || {{ percent_text('quicker_satisfaction', 'en') }} || ' before'
        end
        || coalesce('; median wait: ' || {{ decimal_text('practised_reply_within_hours', 1, 'en') }} || ' h.', '.') as reply_en
    from policies
    left join sides as distances
        on
            policies.value_segment = distances.value_segment
            and policies.relational_family = distances.relational_family
            and distances.axis = 'distance'
    left join sides as tempos
        on
            policies.value_segment = tempos.value_segment
            and policies.relational_family = tempos.relational_family
            and tempos.axis = 'tempo'

),

explained as (

    select
        worded.*,
        case
            when is_told_by_enough then concat_ws(' ', distance_fr, tempo_fr, frequency_fr, proactivity_fr, reply_fr)
            when needs = 0 then 'Aucune demande connue en 12 mois : rien ne dit ce que ces clients attendent.'
            else 'Trop peu de demandes en 12 mois (' || cast(needs as varchar) || ') pour dire ce que ces clients attendent.'
        end as because_fr,
        case
            when is_told_by_enough then concat_ws(' ', distance_en, tempo_en, frequency_en, proactivity_en, reply_en)
            when needs = 0 then 'No matter is known in 12 months: nothing tells what these customers want.'
            else 'Not enough matters in 12 months (' || cast(needs as varchar) || ') to tell what these customers want.'
        end as because_en
    from worded

),

final as (

    select
        explained.value_segment,
        explained.relational_family,
        explained.recommended_distance,
        explained.recommended_tempo,
        {{ round_significant('explained.recommended_frequency') }} as recommended_frequency,
        explained.proactivity,
        explained.reply_within_hours,
        explained.practised_distance,
        explained.practised_tempo,
        {{ round_significant('explained.practised_frequency') }} as practised_frequency,
        explained.practised_proactivity,
        {{ round_significant('explained.practised_reply_within_hours') }} as practised_reply_within_hours,
        explained.gap,
        explained.customers,
        {{ round_significant('explained.satisfaction') }} as satisfaction,
        {{ round_significant('explained.satisfaction_low') }} as satisfaction_low,
        {{ round_significant('explained.satisfaction_high') }} as satisfaction_high,
        cast(explained.answers as bigint) as answers,
        cast(explained.answering_customers as bigint) as answering_customers,
        -- who answered is one of the customers; a hundred answers of one customer are the word of one customer
        explained.answering_customers >= run_context.minimum_sample as is_publishable,
        case when run_context.language = 'fr' then explained.because_fr else explained.because_en end as because,
        explained.because_fr,
        explained.because_en
    from explained
    cross join run_context

)

select * from final
