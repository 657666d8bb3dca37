-- The wait for a reply that the customers of a cell of the overlay accept: the longest band of waits before satisfaction falls.

with

satisfactions as (

    select satisfactions.*
    from {{ ref('int_overlay_satisfaction') }} as satisfactions
    inner join {{ source('run', 'run_context') }} as run_context on satisfactions.answers >= run_context.minimum_sample

),

-- each band beside all quicker contacts
compared as (

    select
        bands.value_segment,
        bands.relational_family,
        bands.band_hours,
        bands.satisfaction,
        quicker.satisfaction as quicker_satisfaction,
        coalesce(bands.satisfaction_high < quicker.satisfaction_low, false) as is_lower
    from satisfactions as bands
    left join satisfactions as quicker
        on
            bands.value_segment = quicker.value_segment
            and bands.relational_family = quicker.relational_family
            and bands.band_hours = quicker.band_hours
            and quicker.subset = 'before_band'
    where bands.subset = 'within_band'

),

fallen as (

    select
        compared.*,
        count(quicker_satisfaction) over (partition by value_segment, relational_family) as comparisons,
        min(case when is_lower then band_hours end) over (partition by value_segment, relational_family) as fall_hours
    from compared

),

-- waits that nothing can be compared with tell nothing
final as (

    select
        value_segment,
        relational_family,
        max(case when fall_hours is null or band_hours < fall_hours then band_hours end) as accepted_hours,
        max(fall_hours) as fall_hours,
        max(case when band_hours = fall_hours then satisfaction end) as fall_satisfaction,
        max(case when band_hours = fall_hours then quicker_satisfaction end) as quicker_satisfaction
    from fallen
    where comparisons > 0
    group by value_segment, relational_family

)

select * from final
