-- Distance and tempo of each cell of the overlay: the side that customers choose when a matter begins, unless satisfaction
-- contradicts it, and the side on which matters end.

with

behaviour as (

    select * from {{ ref('int_overlay_behaviour') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

-- only what enough answers say
satisfactions as (

    select satisfactions.*
    from {{ ref('int_overlay_satisfaction') }} as satisfactions
    inner join run_context on satisfactions.answers >= run_context.minimum_sample

),

axes as (

    select
        value_segment,
        relational_family,
        'distance' as axis,
        'face_to_face' as first_side,
        'remote' as second_side,
        first_distances as begun,
        first_face_to_face as begun_on_first,
        last_distances as ended,
        last_face_to_face as ended_on_first
    from behaviour

    union all

    select
        value_segment,
        relational_family,
        'tempo' as axis,
        'asynchronous' as first_side,
        'synchronous' as second_side,
        first_tempos as begun,
        first_asynchronous as begun_on_first,
        last_tempos as ended,
        last_asynchronous as ended_on_first
    from behaviour

),

shares as (

    select
        axes.value_segment,
        axes.relational_family,
        axes.axis,
        axes.first_side,
        axes.second_side,
        case when axes.ended >= run_context.minimum_sample then {{ safe_divide('axes.ended_on_first', 'axes.ended') }} end
            as ended_share,
        {{ safe_divide('axes.begun_on_first', 'axes.begun') }} as begun_share
    from axes
    inner join run_context on axes.begun >= run_context.minimum_sample

),

-- of equal halves the second side: remote, synchronous
chosen as (

    select
        value_segment,
        relational_family,
        axis,
        case when begun_share > 0.5 then first_side else second_side end as chosen_side,
        case when begun_share > 0.5 then second_side else first_side end as other_side,
        case when begun_share > 0.5 then begun_share else 1 - begun_share end as begun_share,
        case when begun_share > 0.5 then ended_share else 1 - ended_share end as ended_share
    from shares

),

judged as (

    select
        chosen.*,
        of_chosen.satisfaction as chosen_satisfaction,
        of_other.satisfaction as other_satisfaction,
        coalesce(of_other.satisfaction_low > of_chosen.satisfaction_high, false) as is_contradicted
    from chosen
    left join satisfactions as of_chosen
        on
            chosen.value_segment = of_chosen.value_segment
            and chosen.relational_family = of_chosen.relational_family
            and chosen.chosen_side = of_chosen.subset
    left join satisfactions as of_other
        on
            chosen.value_segment = of_other.value_segment
            and chosen.relational_family = of_other.relational_family
            and chosen.other_side = of_other.subset

),

recommended as (

    select
        judged.*,
        case when is_contradicted then other_side else chosen_side end as recommended_side
    from judged

),

-- equal halves of endings are no gap
final as (

    select
        value_segment,
        relational_family,
        axis,
        chosen_side,
        other_side,
        recommended_side,
        case
            when ended_share > 0.5 then chosen_side
            when ended_share < 0.5 then other_side
            when ended_share is not null then recommended_side
        end as practised_side,
        begun_share,
        ended_share,
        is_contradicted,
        chosen_satisfaction,
        other_satisfaction
    from recommended

)

select * from final
