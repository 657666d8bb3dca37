-- Why each customer at risk is there, the three largest contributions to the logit against the mean of the fit. A side of a criterion
-- that has no words is never told (a protection that is missing is no reason).
{%- set reasons = {
    'contacts': ['contacts'], 'unresolved': ['unresolved'], 'dissatisfied': ['dissatisfied'], 'intent': ['intent'],
    'unused': ['unused'], 'silence': ['silence'], 'purchases': ['purchases'], 'rhythm': ['rhythm'],
    'tenure': ['recent', 'tenure'], 'amount': ['amount'],
} %}

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

at_risk as (

    select
        features.*,
        scores.parameter_version
    from {{ ref('int_churn_scores') }} as scores
    inner join run_context on scores.month = run_context.as_of_month
    inner join {{ ref('int_churn_features') }} as features
        on
            scores.customer_number = features.customer_number
            and scores.month = features.month
    where scores.band is not null

),

parameters as (

    select * from {{ ref('int_churn_parameters') }}

),

contributions as (

    {% for reason, criteria in reasons.items() -%}
        select
            at_risk.customer_number,
            at_risk.churn_kind,
            '{{ reason }}' as reason,
            {{ loop.index }} as place,
            case when at_risk.{{ criteria | last }} > parameters.{{ criteria | last }}_mean then 'high' else 'low' end as direction,
            {{ round_significant(
                '(' ~ contribution_of(criteria, 'at_risk', 'parameters') ~ ')', 6
            ) }} as contribution
        from at_risk
        inner join parameters on at_risk.parameter_version = parameters.parameter_version
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

worded as (

    select
        contributions.customer_number,
        contributions.reason,
        contributions.direction,
        contributions.contribution,
        texts.text_fr,
        texts.text_en,
        texts.action_fr,
        texts.action_en,
        row_number() over (
            partition by contributions.customer_number
            order by contributions.contribution desc, contributions.place asc
        ) as place
    from contributions
    inner join {{ ref('churn_reasons') }} as texts
        on
            contributions.reason = texts.reason
            and contributions.direction = texts.direction
            and texts.churn_kind in ('all', contributions.churn_kind)
    where contributions.contribution > 0

),

final as (

    select * from worded
    where place <= 3

)

select * from final
