{#- No two rows have the same values in these columns; nulls count as one value. -#}
{% test unique_together(model, columns) %}
SELECT {{ columns | join(', ') }}, COUNT(*) AS rows_found
FROM {{ model }}
GROUP BY {{ columns | join(', ') }}
HAVING COUNT(*) > 1
{% endtest %}
