-- No two rows have the same values in these columns together.
{% test unique_key(model, columns) %}

select {{ columns | join(', ') }}, count(*) as rows
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
