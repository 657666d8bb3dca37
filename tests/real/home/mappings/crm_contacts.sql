/*
Incidents of a service desk (UCI incident event log): 141,712 rows, one for each update of 24,918 incidents. Every
row becomes a version of its incident; the newest version that a run may see counts. All 24,918 end as Closed.

Times are moved by 308 days (44 weeks, so that weekdays stay) to lie in 2017 beside the tickets.

What the log hides, and what is done about it:
- `?` is null (29 rows of 3 incidents have no caller, 14,213 rows no group, 27,496 rows no resolver, ...): the
  feed's null tokens turn it into null in every column that is passed on, but here, in the query, it still is a
  text.
- Dates are day-first without leading zeros (29/2/2016 01:16). One that cannot be read stops the landing.
- resolved_at and closed_at are the final ones on every row, those of a New incident among them: taken as they stand
  they would tell the future. An end is therefore only given on rows whose own state is Resolved or Closed, and a
  resolved_at that lies after its row (729 rows Resolved and 13 rows Closed, of incidents reopened later) is not
  used.
- 1,556 closed incidents have no resolved_at. 1,543 of them did enter the state Resolved; the instant at which they
  did is the end (the log gives it for the others, too: 23,067 of 23,362 agree to the minute). 13 were closed
  without ever being resolved: their outcome is `unresolved` and their end the closing.
- closed_at of the log is an administrative closing, in the median 5.02 days after the resolution. The contact ends
  with its resolution.
- Minutes are the precision: 14,118 updates are of the same minute as the one before. The modification number orders
  them; it is added as milliseconds. (incident, modification) is not unique: 5 pairs occur twice, with other times
  or states, and in these 5 incidents the order of modifications contradicts the order of times. Time rules.
- 5 rows were updated before their incident was opened (incidents entered afterwards); opened_at is kept.
- 12 incidents (116 rows) were reopened after a Closed row, 57 have more than one Closed row. 5 rows have the state
  -100, which the source does not explain: the incident counts as open in that version.
- 3 incidents change caller, 5 the way of contact, 1,216 the category: the newest version counts.
- In the new time zone 22 instants lie in the hour that 2017-03-12 does not have (7 openings, 8 ends, 7 updates) and
  12 in the hour that 2017-11-05 has twice (7, 2, 3). Resolving them puts no end before its opening and changes no
  last state.
- The log does not tell when a person first answered: an incident is opened by the agent who has the caller on the
  line, and 6,504 incidents begin as Active, 1,819 as Resolved. answered_at is null, so that no service level and no
  speed of answer can be computed, and none is. Talk, hold and wrap-up are not recorded either.
- made_sla is true until it is breached (93.5 % of rows, 63.4 % of incidents): a state, not an answer. It is not
  used.
- A contact opened on its own initiative by the desk cannot be told apart: all are inbound. Nobody is known to have
  been served without a person (18 rows came through an IVR and were handled by a resolver): is_automated is null.
*/
with events as (
    select
        *,
        strptime(opened_at, '%d/%m/%Y %H:%M') + interval 308 day as opened,
        strptime(sys_updated_at, '%d/%m/%Y %H:%M') + interval 308 day as updated,
        strptime(nullif(resolved_at, '?'), '%d/%m/%Y %H:%M') + interval 308 day as resolved,
        cast(sys_mod_count as integer) as modification
    from source
),

with_former_state as (
    select
        *,
        lag(incident_state) over (partition by number order by updated, modification, source_line) as former_state
    from events
),

-- the last entry into Resolved, as far as known at each row
with_resolution as (
    select
        *,
        max(case when incident_state = 'Resolved' and former_state is distinct from 'Resolved' then updated end) over (
            partition by number order by updated, modification, source_line
            rows between unbounded preceding and current row
        ) as entered_resolved
    from with_former_state
)

select
    number as contact_id,
    number as case_id,
    caller_id as customer_id,
    case contact_type
        when 'Phone' then 'phone'
        when 'IVR' then 'phone'
        when 'Email' then 'email'
        when 'Self service' then 'portal'
        when 'Direct opening' then 'portal'
        else contact_type
    end as channel,
    'inbound' as direction,
    category as reason,
    opened as opened_at,
    case
        when incident_state not in ('Resolved', 'Closed') then null
        when resolved <= updated then resolved
        else coalesce(entered_resolved, updated)
    end as closed_at,
    case
        when incident_state not in ('Resolved', 'Closed') then null
        when resolved <= updated or entered_resolved is not null then 'resolved'
        else 'unresolved'
    end as outcome,
    assigned_to as agent_id,
    assignment_group as queue,
    cast(reassignment_count as integer) as transfer_count,
    cast(reopen_count as integer) as reopen_count,
    updated + to_milliseconds(modification) as updated_at,
    source_file,
    source_line
from with_resolution
