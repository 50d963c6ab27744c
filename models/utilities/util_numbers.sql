{# One row per whole number from 0 to 99,999. #}

{# Digits crossed with themselves: the one way that needs no series function,
   which every engine has under another name. Daily terms of 273 years. #}
with

digits as (

    {% for digit in range(10) %}
    select {{ digit }} as digit
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        ones.digit
        + 10 * tens.digit
        + 100 * hundreds.digit
        + 1000 * thousands.digit
        + 10000 * ten_thousands.digit as number

    from digits as ones

    cross join digits as tens

    cross join digits as hundreds

    cross join digits as thousands

    cross join digits as ten_thousands

)

select * from final
