/*
Customer survey of San Francisco airport, 2017: 2,831 respondents, one row each. Of its questions the recommendation
(NETPRO) and the fifteen ratings of the airport (Q7...) become 45,296 rows, one an answer to one question. The line
carried is that of the respondent.

What the file hides, and what is done about it:
- NETPRO is asked on 0 to 10; 11 is "blank" (84 respondents) and one is empty. Blanks are no answers: 2,746 remain
  and the net promoter score is 39.84. With the 11s as promoters it would be 41.63.
- Q7... are asked on 1 to 5; 0 is "blank" and 6 "never used or visited, not applicable". Q7ALL, the airport as a
  whole, has the text "Blank" (143 respondents) in place of 0. A code that the dictionary does not have goes
  through, and counts downstream as an answer that is not valid.
- INTDATE is a day of a month without the month. DAY names the weekday: only in May 2017 is the 13th a Saturday, and
  all but two respondents (keyed MON for the 5th and TUE for the 15th) agree with May. There is no hour: precision
  is the day.
- Nobody is identified and no contact is named: these are answers about the relationship. Nothing tells how many
  were asked, so that sent_at is null and a response rate is not to be had.
- WEIGHT makes the respondents represent the airport's passengers. The contract has no place for it: scores are
  unweighted.
*/
with answers as (
    select
        RESPNUM,
        INTDATE,
        LANG,
        source_file,
        source_line,
        unnest([
            {'question': 'netpro', 'answer': NETPRO},
            {'question': 'q7all', 'answer': Q7ALL},
            {'question': 'q7art', 'answer': Q7ART},
            {'question': 'q7food', 'answer': Q7FOOD},
            {'question': 'q7store', 'answer': Q7STORE},
            {'question': 'q7sign', 'answer': Q7SIGN},
            {'question': 'q7walkways', 'answer': Q7WALKWAYS},
            {'question': 'q7screens', 'answer': Q7SCREENS},
            {'question': 'q7infodown', 'answer': Q7INFODOWN},
            {'question': 'q7infoup', 'answer': Q7INFOUP},
            {'question': 'q7wifi', 'answer': Q7WIFI},
            {'question': 'q7roads', 'answer': Q7ROADS},
            {'question': 'q7park', 'answer': Q7PARK},
            {'question': 'q7airtrain', 'answer': Q7AIRTRAIN},
            {'question': 'q7ltparking', 'answer': Q7LTPARKING},
            {'question': 'q7rental', 'answer': Q7RENTAL}
        ]) as pair
    from source
)

select
    RESPNUM || '-' || pair.question as response_id,
    'sfo_2017' as survey_id,
    pair.question as question_code,
    '2017-05-' || lpad(INTDATE, 2, '0') as answered_at,
    case
        when pair.question = 'netpro' and pair.answer = '11' then null
        when pair.question <> 'netpro' and pair.answer in ('0', '6', 'Blank') then null
        else pair.answer
    end as score,
    case LANG when '1' then 'en' when '2' then 'es' when '3' then 'zh' when '4' then 'ja' end as language,
    source_file,
    source_line
from answers
