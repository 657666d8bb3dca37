{#-
Some terms of Gauss's hypergeometric function 2F1(a, b; c; z), as a nested sum (Horner) in plain arithmetic that every engine
has: terms `first`, `first` + 1, ...; `rest` is what the terms after them add up to, in the same form, 1 where there are none.
The arguments are SQL expressions of doubles. In the use made of it (`int_customer_month_potential`) c is the largest
parameter and grows with the purchases, and z stays below 0.93 with alpha of 4 weeks or more: 150 terms leave less than a
millionth (held against scipy in tests/marts/test_potential.py).
-#}
{% macro hypergeometric_terms(a, b, c, z, first, terms, rest) -%}
    {%- for term in range(first, first + terms) -%}
    (1.0 + ({{ a }} + {{ term }}) * ({{ b }} + {{ term }}) / (({{ c }} + {{ term }}) * {{ term + 1 }}.0) * {{ z }} *
    {%- endfor -%}
    {{ ' ' ~ rest }}
    {%- for term in range(terms) -%} ) {%- endfor -%}
{%- endmacro %}
