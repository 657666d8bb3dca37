-- The relational family of each customer and month with at least 3 interactions in the 24 months before.
--
-- Each family is scored by the logarithm of how likely it makes what was seen: the channels chosen (running sums of
-- int_family_weights), the number of contacts beside that expected of a customer known so long who bought so often
-- (negative binomial), and what the customer said to expect, where asked. The lead axis sets the two families that lead
-- (time_pressed, autonomous) against the two that are accompanied (soliciting, trusting); the expectation axis those that
-- expect much (soliciting, time_pressed) against those that expect little: logarithms of odds. The label of a month is the
-- quadrant of the two axes; the family changes with the second equal label in a row.

with

run_context as (

    select
        *,
        {{ month_number('first_month') }} - 6 as first_month_number,
        {{ month_number('as_of_month') }} as as_of_month_number
    from {{ source('run', 'run_context') }}

),

counted as (

    select * from {{ ref('int_customer_month_interactions') }}
    where allows_profiling and interactions_24m >= {{ minimum_interactions() }}

),

parameters as (

    select * from {{ ref('int_family_parameters') }}

),

weights as (

    select * from {{ ref('int_family_weights') }}

),

interactions as (

    select * from {{ ref('int_interactions') }}

),

versions_in_use as (

    select distinct parameter_version from parameters

),

placed as (

    select
        interactions.customer_id,
        interactions.month_number,
        interactions.channel,
        greatest(interactions.month_number + 1, run_context.first_month_number) as from_month_number,
        least(
            interactions.month_number + 25, coalesce(interactions.void_month_number + 1, interactions.month_number + 25)
        ) as until_month_number
    from interactions
    cross join run_context
    where interactions.customer_id in (select counted.customer_id from counted)

),

weighed as (

    select
        placed.customer_id,
        weights.parameter_version,
        placed.from_month_number,
        placed.until_month_number,
        sum(weights.weight_soliciting) as weight_soliciting,
        sum(weights.weight_time_pressed) as weight_time_pressed,
        sum(weights.weight_autonomous) as weight_autonomous,
        sum(weights.weight_trusting) as weight_trusting
    from placed
    inner join weights on placed.month_number = weights.month_number and placed.channel = weights.channel
    inner join versions_in_use on weights.parameter_version = versions_in_use.parameter_version
    where placed.until_month_number > placed.from_month_number
    group by placed.customer_id, weights.parameter_version, placed.from_month_number, placed.until_month_number

),

changes as (

    select
        customer_id,
        parameter_version,
        from_month_number as month_number,
        weight_soliciting,
        weight_time_pressed,
        weight_autonomous,
        weight_trusting
    from weighed
    union all
    select
        customer_id,
        parameter_version,
        until_month_number as month_number,
        -weight_soliciting as weight_soliciting,
        -weight_time_pressed as weight_time_pressed,
        -weight_autonomous as weight_autonomous,
        -weight_trusting as weight_trusting
    from weighed

),

changes_by_month as (

    select
        changes.customer_id,
        changes.parameter_version,
        changes.month_number,
        sum(changes.weight_soliciting) as weight_soliciting,
        sum(changes.weight_time_pressed) as weight_time_pressed,
        sum(changes.weight_autonomous) as weight_autonomous,
        sum(changes.weight_trusting) as weight_trusting
    from changes
    inner join run_context on changes.month_number <= run_context.as_of_month_number
    group by changes.customer_id, changes.parameter_version, changes.month_number

),

states as (

    select
        customer_id,
        parameter_version,
        month_number as from_month_number,
        lead(month_number) over (partition by customer_id, parameter_version order by month_number) as until_month_number,
        sum(weight_soliciting) over everything_until as weight_soliciting,
        sum(weight_time_pressed) over everything_until as weight_time_pressed,
        sum(weight_autonomous) over everything_until as weight_autonomous,
        sum(weight_trusting) over everything_until as weight_trusting
    from changes_by_month
    window everything_until as (
        partition by customer_id, parameter_version
        order by month_number
        rows between unbounded preceding and current row
    )

),

scored as (

    select
        counted.customer_id,
        counted.month,
        counted.month_number,
        parameters.parameter_version,
        parameters.is_former,
        {{ family_score('soliciting') }} as score_soliciting,
        {{ family_score('time_pressed') }} as score_time_pressed,
        {{ family_score('autonomous') }} as score_autonomous,
        {{ family_score('trusting') }} as score_trusting
    from counted
    inner join parameters on counted.month = parameters.month
    left join states
        on
            counted.customer_id = states.customer_id
            and parameters.parameter_version = states.parameter_version
            and counted.month_number >= states.from_month_number
            and counted.month_number < coalesce(states.until_month_number, counted.month_number + 1)

),

-- the largest score is taken out: nothing underflows
likelihoods as (

    select
        scored.customer_id,
        scored.month,
        scored.month_number,
        scored.parameter_version,
        scored.is_former,
        exp(
            scored.score_soliciting
            - greatest(
                scored.score_soliciting, scored.score_time_pressed, scored.score_autonomous, scored.score_trusting
            )
        ) as likelihood_soliciting,
        exp(
            scored.score_time_pressed
            - greatest(
                scored.score_soliciting, scored.score_time_pressed, scored.score_autonomous, scored.score_trusting
            )
        ) as likelihood_time_pressed,
        exp(
            scored.score_autonomous
            - greatest(
                scored.score_soliciting, scored.score_time_pressed, scored.score_autonomous, scored.score_trusting
            )
        ) as likelihood_autonomous,
        exp(
            scored.score_trusting
            - greatest(
                scored.score_soliciting, scored.score_time_pressed, scored.score_autonomous, scored.score_trusting
            )
        ) as likelihood_trusting
    from scored

),

-- 1e-300: an axis is at most 690 where all but one side is out of the question
axes as (

    select
        customer_id,
        month,
        month_number,
        parameter_version,
        is_former,
        {{ round_significant(
            'ln(greatest(likelihood_time_pressed + likelihood_autonomous, 1e-300))
            - ln(greatest(likelihood_soliciting + likelihood_trusting, 1e-300))'
        ) }} as lead_axis,
        {{ round_significant(
            'ln(greatest(likelihood_soliciting + likelihood_time_pressed, 1e-300))
            - ln(greatest(likelihood_autonomous + likelihood_trusting, 1e-300))'
        ) }} as expectation_axis
    from likelihoods

),

labelled as (

    select
        axes.*,
        case
            when lead_axis > 0 and expectation_axis > 0 then 'time_pressed'
            when lead_axis > 0 then 'autonomous'
            when expectation_axis > 0 then 'soliciting'
            else 'trusting'
        end as label
    from axes

),

-- months in a row share the number of their spell: after a month without a family the first label counts anew
in_spells as (

    select
        labelled.*,
        month_number - row_number() over (partition by customer_id order by month_number) as spell
    from labelled
    where not is_former

),

compared as (

    select
        in_spells.*,
        lag(label) over (partition by customer_id, spell order by month_number) as previous_label
    from in_spells

),

numbered as (

    select
        compared.*,
        case when previous_label is null or label = previous_label then label end as settled_label,
        count(case when previous_label is null or label = previous_label then label end) over (
            partition by customer_id, spell
            order by month_number
            rows between unbounded preceding and current row
        ) as settled_number
    from compared

),

settled as (

    select
        numbered.*,
        max(settled_label) over (partition by customer_id, spell, settled_number) as relational_family
    from numbered

),

with_previous as (

    select
        settled.*,
        lag(relational_family) over (partition by customer_id, spell order by month_number) as previous_family
    from settled

),

former as (

    select
        customer_id,
        month,
        label
    from labelled
    where is_former

),

final as (

    select
        with_previous.customer_id,
        with_previous.month,
        with_previous.parameter_version,
        with_previous.lead_axis,
        with_previous.expectation_axis,
        with_previous.label,
        case
            when former.label is null then with_previous.relational_family
            when with_previous.previous_label is null or former.label = with_previous.previous_label then former.label
            else with_previous.previous_family
        end as former_family,
        with_previous.relational_family
    from with_previous
    left join former
        on
            with_previous.customer_id = former.customer_id
            and with_previous.month = former.month

)

select * from final
