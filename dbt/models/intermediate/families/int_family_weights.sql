-- depends_on: {{ source('parameters', 'fits') }}: beside the others that wait for the fits, else dbt is called once more (4 s)
-- What one interaction says for each family: the logarithm of the family's share of the channel among the channels in use in
-- its month, in whole millionths, so that sums do not depend on their order. A channel that the version does not know says
-- nothing.

with

parameters as (

    select * from {{ source('parameters', 'relational_families') }}
    where feature = 'channel'

),

channels_in_use as (

    select * from {{ ref('int_interaction_channels') }}

),

shares as (

    select
        parameters.parameter_version,
        parameters.relational_family,
        channels_in_use.month_number,
        channels_in_use.channel,
        parameters.value as share,
        sum(cast(round(parameters.value * 1000000000) as bigint)) over (
            partition by parameters.parameter_version, parameters.relational_family, channels_in_use.month_number
        ) as share_in_use_billionths
    from channels_in_use
    inner join parameters on channels_in_use.channel = parameters.channel

),

weighted as (

    select
        parameter_version,
        relational_family,
        month_number,
        channel,
        cast(round(1000000 * ln(share / (share_in_use_billionths / 1000000000.0))) as bigint) as weight
    from shares

),

final as (

    select
        parameter_version,
        month_number,
        channel,
        max(case when relational_family = 'soliciting' then weight end) as weight_soliciting,
        max(case when relational_family = 'time_pressed' then weight end) as weight_time_pressed,
        max(case when relational_family = 'autonomous' then weight end) as weight_autonomous,
        max(case when relational_family = 'trusting' then weight end) as weight_trusting
    from weighted
    group by parameter_version, month_number, channel

)

select * from final
