-- At most five products for each customer that go with the last ones bought; none where co-purchase has not beaten popularity.

with

tests as (

    select * from {{ ref('recommendation_tests') }}
    where method = 'co_purchase'

),

known as (

    select known.*
    from {{ ref('int_recommendation_known') }} as known
    cross join tests
    where tests.is_used

),

{{ recommendation_paired() }}

select * from paired
