-- What each customer who bought something within the year is known to have bought and given back: what may be recommended today
-- follows from it.

with

asked as (

    select distinct
        0 as cut,
        customer_number
    from {{ ref('int_product_windows') }}
    where is_bought and window_number < {{ recommendation_windows() }}

),

{{ recommendation_known() }}

select * from known
