/*
The 457 stores that the ticket lines name. The source says nothing else of them: no label, no region, no time zone
(the times of all of them are UTC). The line carried is the first one that names the store.
*/
select
    store_id,
    min(source_file) as source_file,
    min(source_line) as source_line
from source
group by store_id
