with

answers as (

    select * from {{ ref('int_survey_answers') }}
    where answer_month >= first_month

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

-- The same question asked after a contact and asked of the relationship are two series.
asked as (

    select
        answers.*,
        case when construct = 'nps' and contact_id is null then 'nps_relation' else construct end as series,
        coalesce(customer_id, response_id) as cluster_id
    from answers

),

-- One line for each figure that an answer enters. Shares compare whole numbers of the scale: 4 * 0.75 = 3, never 2.9999.
scored as (

    select
        answer_month,
        value_segment,
        relational_family,
        channel,
        'csat' as construct,
        cluster_id,
        case when 4 * (oriented_score - scale_min) >= 3 * (scale_max - scale_min) then 1 else 0 end as score
    from asked
    where
        series = 'csat'
        and has_valid_score

    union all

    select
        answer_month,
        value_segment,
        relational_family,
        channel,
        'csat_mean' as construct,
        cluster_id,
        range_position as score
    from asked
    where
        series = 'csat'
        and has_valid_score

    union all

    select
        answer_month,
        value_segment,
        relational_family,
        channel,
        series as construct,
        cluster_id,
        case when oriented_score >= 9 then 1 when oriented_score <= 6 then -1 else 0 end as score
    from asked
    where
        series in ('nps', 'nps_relation')
        and has_valid_score

    union all

    select
        answer_month,
        value_segment,
        relational_family,
        channel,
        'ces_mean' as construct,
        cluster_id,
        -- divided last: a third of a range is no decimal, and would leave a tail in every sum
        cast(1 + 6 * (oriented_score - scale_min) / (scale_max - scale_min) as decimal(18, 9)) as score
    from asked
    where
        series = 'ces'
        and has_valid_score

    union all

    -- At least 5 on 1 to 7 is at least two thirds of the range.
    select
        answer_month,
        value_segment,
        relational_family,
        channel,
        'ces_easy' as construct,
        cluster_id,
        case when 3 * (oriented_score - scale_min) >= 2 * (scale_max - scale_min) then 1 else 0 end as score
    from asked
    where
        series = 'ces'
        and has_valid_score

),

clusters as (

    select
        answer_month,
        construct,
        cluster_id,
        coalesce(value_segment, -1) as value_segment,
        coalesce(relational_family, 'all') as relational_family,
        coalesce(channel, 'all') as channel,
        cast(sum(cast(score as decimal(18, 9))) as decimal(18, 9)) as y,
        count(*) as n,
        sum(case when score > 0 then 1 else 0 end) as positives,
        sum(case when score < 0 then 1 else 0 end) as negatives
    from scored
    group by answer_month, construct, cluster_id, cube(value_segment, relational_family, channel)

),

cells as (

    select
        answer_month,
        construct,
        value_segment,
        relational_family,
        channel,
        sum(y) as y,
        sum(n) as n,
        sum(y * y) as yy,
        sum(y * n) as yn,
        sum(n * n) as nn,
        count(*) as k,
        sum(positives) as positives,
        sum(negatives) as negatives
    from clusters
    group by answer_month, construct, value_segment, relational_family, channel

),

-- Invitations belong to the month in which they were sent, answered or not: counted in the month of the answer those about
-- no contact would all be answered.
invitations as (

    select
        invitation_month,
        series,
        coalesce(invitation_segment, -1) as value_segment,
        coalesce(invitation_family, 'all') as relational_family,
        coalesce(channel, 'all') as channel,
        sum(case when is_invitation_mature then 1 when is_invitation_immature then 0 end) as sent,
        sum(
            case
                when is_invitation_mature and is_answered_in_time then 1
                when is_invitation_mature or is_invitation_immature then 0
            end
        ) as answered,
        -- an answer that came already counts
        sum(case when is_invitation_immature and not has_valid_score then 1 else 0 end) as immature_count
    from asked
    group by invitation_month, series, cube(invitation_segment, invitation_family, channel)

),

left_out as (

    select
        answer_month,
        series,
        coalesce(value_segment, -1) as value_segment,
        coalesce(relational_family, 'all') as relational_family,
        coalesce(channel, 'all') as channel,
        sum(invalid_answers) as invalid_answers
    from asked
    group by answer_month, series, cube(value_segment, relational_family, channel)

),

described as (

    select
        cells.*,
        case
            when construct in ('csat', 'ces_easy') then 'rate'
            when construct in ('nps', 'nps_relation') then 'nps'
            else 'score'
        end as unit,
        case
            when construct like 'csat%' then 'csat'
            when construct like 'ces%' then 'ces'
            else construct
        end as series,
        {{ safe_divide('y', 'n') }} as mean
    from cells

),

-- Share of promoters less share of detractors: (p + d - (p - d) squared) / n, the variance of a multinomial difference.
spread as (

    select
        described.*,
        case when unit = 'rate' then {{ effective_sample('y', 'n', 'yy', 'yn', 'nn', 'k') }} end as sample,
        case
            when unit = 'score' then {{ z_95() }} * sqrt({{ cluster_variance('y', 'n', 'yy', 'yn', 'nn', 'k') }})
            when unit = 'nps' then
                {{ z_95() }} * sqrt(
                    greatest({{ safe_divide('positives + negatives', 'n') }} - mean * mean, 0.0) / cast(n as double)
                )
        end as half_width
    from described

),

estimated as (

    select
        spread.*,
        case when unit = 'nps' then 100 * mean else mean end as value,
        case
            when unit = 'rate' then {{ wilson_low('mean', 'sample') }}
            when unit = 'nps' then 100 * greatest(mean - half_width, -1.0)
            when construct = 'csat_mean' then greatest(mean - half_width, 0.0)
            else greatest(mean - half_width, 1.0)
        end as interval_low,
        case
            when unit = 'rate' then {{ wilson_high('mean', 'sample') }}
            when unit = 'nps' then 100 * least(mean + half_width, 1.0)
            when construct = 'csat_mean' then least(mean + half_width, 1.0)
            else least(mean + half_width, 7.0)
        end as interval_high
    from spread

),

final as (

    select
        estimated.answer_month as period_start,
        cast(estimated.value_segment as integer) as value_segment,
        estimated.relational_family,
        estimated.channel,
        estimated.construct,
        cast(estimated.y as decimal(38, 9)) as numerator,
        cast(estimated.n as bigint) as denominator,
        {{ round_significant('estimated.value') }} as value,
        case
            when estimated.half_width is not null or estimated.unit = 'rate'
                then {{ round_significant('estimated.interval_low') }}
        end as interval_low,
        case
            when estimated.half_width is not null or estimated.unit = 'rate'
                then {{ round_significant('estimated.interval_high') }}
        end as interval_high,
        cast(estimated.n as bigint) as sample_size,
        cast(coalesce(invitations.immature_count, 0) as bigint) as immature_count,
        estimated.n >= run_context.minimum_sample as is_publishable,
        cast(invitations.sent as bigint) as sent,
        cast(invitations.answered as bigint) as answered,
        {{ round_significant(safe_divide('invitations.answered', 'invitations.sent')) }} as response_rate,
        cast(left_out.invalid_answers as bigint) as invalid_answers,
        cast(null as double) as weighted_value
    from estimated
    cross join run_context
    left join invitations
        on
            estimated.answer_month = invitations.invitation_month
            and estimated.series = invitations.series
            and estimated.value_segment = invitations.value_segment
            and estimated.relational_family = invitations.relational_family
            and estimated.channel = invitations.channel
    left join left_out
        on
            estimated.answer_month = left_out.answer_month
            and estimated.series = left_out.series
            and estimated.value_segment = left_out.value_segment
            and estimated.relational_family = left_out.relational_family
            and estimated.channel = left_out.channel

)

select * from final
