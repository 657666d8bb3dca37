/*
Ticket lines of The Complete Journey (dunnhumby / 84.51°): 1,469,307 lines, 155,848 baskets, 2,469 households, 457
stores, 4,596,039.58 of sales. One row of the file is one line of a basket.

What the file hides, and what is done about it:
- Times are naive UTC. In New York 28,571 baskets fall on another day, and the 86 baskets (1,893.26) that UTC puts
  in 2018 belong to 2017-12-31. The feed's time zone is UTC, so nothing is done here.
- Amounts are doubles. Their texts are exact to the cent except for 20 sales and 8 discounts that are the dust of a
  subtraction (1.776357e-15 for 0): a cast to two decimals is exact, and a line of dust is a line of 0, not a sale.
- There is no line number. (basket_id, product_id) is unique over the whole file, so the order of the products
  within the basket gives one that does not depend on the order of the file.
- A basket has one household, one store and one instant: no basket contradicts itself.
- 8,869 lines have a quantity of 0 and none a negative one; quantities go up to 89,638 (fuel). They are kept as they
  are. 11,246 lines have an amount of 0.00 (11,226 exact zeros and the 20 of dust); 478 baskets have a total of 0.00
  and are no purchase. There is no negative amount and no return.
- 4,836 lines name one of 17 products that the product file does not have.
- Households are known by their loyalty card and by nothing else: the number of the household is both the customer's
  id (key space pos) and the card.
- sales_value is what the retailer receives; the three discounts beside it are a memo.
*/
select
    basket_id as transaction_id,
    row_number() over (partition by basket_id order by cast(product_id as bigint)) as line_number,
    transaction_timestamp as sold_at,
    store_id,
    'store' as sales_channel,
    household_id as customer_id,
    household_id as loyalty_card_id,
    product_id,
    quantity,
    cast(sales_value as decimal(18, 2)) as net_amount,
    cast(retail_disc as decimal(18, 2))
    + cast(coupon_disc as decimal(18, 2))
    + cast(coupon_match_disc as decimal(18, 2)) as discount_amount,
    'USD' as currency,
    source_file,
    source_line
from source
