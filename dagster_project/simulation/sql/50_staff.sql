-- Agents and teams. Agents start, leave and change team on the first day of a month.
-- The sample's customers are a sample of the company's: the staff is that of the whole, the lines are as full as the load says.

create table teams as
select team, site, hourly_cost, cast(greatest(least_agents, ceil(getvariable('customers') * per_customer)) as integer) as agent_count
from (values
    ('Téléphone Lille', 'Lille', 27.50, 6, 0.0006), ('Téléphone Nantes', 'Nantes', 28.20, 5, 0.0005), ('Écrit Nantes', 'Nantes', 29.00, 4, 0.0004),
    ('Digital Lille', 'Lille', 28.40, 3, 0.0003), ('Magasins', 'Magasins', 24.80, 8, 0.0003), ('Rappel clients', 'Lille', 30.10, 4, 0.0002)
) as t (team, site, hourly_cost, least_agents, per_customer);

create table agents as
with numbered as (
    select teams.*, n, row_number() over (order by team, n) as agent_no
    from teams, lateral (select unnest(range(1, agent_count + 1)) as n)
)
select
    agent_no::integer as agent_no,
    printf('AG%04d', (agent_no * 7919) % 9973) as agent_id,
    team,
    site,
    hourly_cost,
    n,
    round(0.05 * normal('agent', agent_no), 6) as quality,
    cast(getvariable('first_month') - (180 + cast(floor(draw('agent since', agent_no) * 1500) as integer)) as date) as joined_on,
    -- half the call-back team comes from the phone teams; it exists from the remedy on
    coalesce((select month from months where regime = 'remedy' order by month limit 1), null) as remedy_from,
    coalesce((select month from months where regime = 'strained' order by month limit 1), null) as strained_from
from numbered;

create table agent_periods as
-- everybody but the call-back team; one in six of the phone agents leaves when the pressure is on (that is the story)
select agent_no, agent_id, team, site, hourly_cost, quality, joined_on as valid_from,
    case when starts_with(team, 'Téléphone') and n % 6 = 0 then strained_from end as valid_to
from agents
where team <> 'Rappel clients'
union all
select agent_no, agent_id, case when n % 2 = 0 then 'Téléphone Lille' else team end, site, hourly_cost - 1.5, quality, joined_on, remedy_from
from agents
where team = 'Rappel clients' and n % 2 = 0 and remedy_from is not null
union all
select agent_no, agent_id, team, site, hourly_cost, quality, remedy_from, null
from agents
where team = 'Rappel clients' and remedy_from is not null;

create table staff as
select months.month_no, agent_periods.team, list(agent_periods.agent_no order by agent_periods.agent_no) as agent_nos
from months
inner join agent_periods on agent_periods.valid_from <= months.month and (agent_periods.valid_to is null or agent_periods.valid_to > months.month)
group by all;
