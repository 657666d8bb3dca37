{#- French puts a no-break space before a colon. #}
{%- set nbsp = '\u00a0' %}
-- Members of the loyalty programme, what they redeem, and what joining has added to their spending.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

members as (

    select * from {{ ref('int_loyalty_members') }}

),

redemptions as (

    select * from {{ ref('int_loyalty_redemptions') }}

),

effects as (

    select * from {{ source('estimates', 'loyalty_effects') }}

),

movements as (

    select
        max(case when feed_status.is_present then feed_status.first_day end) as first_day,
        max(
            case
                when feed_status.is_present
                    then {{ company_day('feed_status.horizon_at') }}
            end
        ) as first_day_unknown
    from {{ source('run', 'feed_status') }} as feed_status
    cross join run_context
    where feed_status.feed = 'loyalty_movements'

),

quarters as (

    select distinct days.quarter_start
    from {{ ref('int_calendar_days') }} as days
    cross join run_context
    where days.day between run_context.first_month and run_context.as_of_date

),

kinds as (

    select {{ dimension_member('kind') }} as reward_kind
    from {{ ref('stg_loyalty__rewards') }}
    union
    select reward_kind
    from redemptions
    union
    select 'all' as reward_kind

),

-- a member of the quarter was one on any of its days
stock as (

    select
        quarters.quarter_start,
        members.customer_number,
        members.tier,
        members.quarter_start = quarters.quarter_start as is_new
    from quarters
    inner join members
        on
            quarters.quarter_start >= members.quarter_start
            and (members.left_on is null or quarters.quarter_start <= members.left_on)

),

tiers as (

    select
        quarter_start,
        coalesce(tier, 'all') as tier,
        count(*) as members,
        sum(case when is_new then 1 else 0 end) as joined
    from stock
    group by quarter_start, rollup(tier)

),

redeemed as (

    select
        stock.quarter_start,
        coalesce(stock.tier, 'all') as tier,
        coalesce(redemptions.reward_kind, 'all') as reward_kind,
        count(distinct stock.customer_number) as redeemers
    from stock
    inner join redemptions
        on
            stock.customer_number = redemptions.customer_number
            and stock.quarter_start = redemptions.quarter_start
    group by stock.quarter_start, cube(stock.tier, redemptions.reward_kind)

),

cells as (

    select
        tiers.quarter_start,
        tiers.tier,
        kinds.reward_kind,
        tiers.members,
        tiers.joined,
        tiers.tier = 'all' and kinds.reward_kind = 'all' as is_total,
        -- a quarter that the movements do not cover whole would look as if fewer redeemed
        case
            when
                movements.first_day <= {{ add_days_to_date('tiers.quarter_start', 6) }}
                and movements.first_day_unknown >= {{ add_months_to_date('tiers.quarter_start', 3) }}
                then coalesce(redeemed.redeemers, 0)
        end as redeemers
    from tiers
    cross join kinds
    cross join movements
    left join redeemed
        on
            tiers.quarter_start = redeemed.quarter_start
            and tiers.tier = redeemed.tier
            and kinds.reward_kind = redeemed.reward_kind

),

rated as (

    select
        cells.*,
        {{ safe_divide('cells.redeemers', 'cells.members') }} as redemption_rate,
        cast(cells.members as double) as sample
    from cells

),

final as (

    select
        rated.quarter_start as period_start,
        rated.tier,
        rated.reward_kind,
        cast(rated.members as bigint) as members,
        cast(rated.redeemers as bigint) as redeemers,
        {{ round_significant('rated.redemption_rate') }} as redemption_rate,
        {{ round_significant(wilson_low('rated.redemption_rate', 'rated.sample')) }} as redemption_rate_low,
        {{ round_significant(wilson_high('rated.redemption_rate', 'rated.sample')) }} as redemption_rate_high,
        cast(rated.joined as bigint) as joined,
        case when rated.is_total then coalesce(effects.joined_kept, 0) else 0 end as joined_kept,
        case when rated.is_total then coalesce(effects.controls, 0) else 0 end as controls,
        effects.spend_before,
        effects.spend_after,
        effects.spend_lift,
        effects.spend_lift_low,
        effects.spend_lift_high,
        effects.untied_share,
        effects.worst_balance,
        effects.placebo_alarm,
        coalesce(effects.verdict, 'not_estimable') as verdict,
        case
            when rated.is_total
                then
                    coalesce(
                        effects.reason_fr,
                        'non estimable{{ nbsp }}: personne n’a adhéré ce trimestre avec 90 jours de ventes connus avant et après'
                    )
            when rated.reward_kind = 'all'
                then
                    'non estimable{{ nbsp }}: le statut connu est celui d’aujourd’hui, qui découle des achats faits depuis l’adhésion'
            else 'non estimable{{ nbsp }}: qui utilise quelle récompense se décide après l’adhésion, et découle des achats'
        end as reason_fr,
        case
            when rated.is_total
                then
                    coalesce(
                        effects.reason_en,
                        'not estimable because nobody joined in the quarter with 90 known days of sales before and after'
                    )
            when rated.reward_kind = 'all'
                then
                    'not estimable because the tier that is known is that of today, which follows from what was bought since joining'
            else 'not estimable because who redeems which reward is decided after joining, and follows from what was bought'
        end as reason_en,
        cast(rated.members as bigint) as sample_size,
        case when rated.is_total then cast(rated.joined as bigint) - coalesce(effects.joined, 0) else 0 end as immature_count,
        rated.members >= run_context.minimum_sample as is_publishable,
        rated.is_total
        and coalesce(effects.verdict, 'not_estimable') = 'estimated'
        and effects.joined_kept >= run_context.minimum_sample as is_lift_publishable
    from rated
    cross join run_context
    left join effects on rated.is_total and rated.quarter_start = effects.quarter_start

)

select * from final
