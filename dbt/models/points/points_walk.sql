{{ config(pre_hook="{{ talon_one.walk_in_steps(ref('points_moves')) }}") -}}
-- What is left of each lot of the mixed ledgers, in which points that arrive later are spent earlier.
-- depends_on: {{ ref('points_moves') }}
{% if talon_one.walks_recursively() -%}
{{ talon_one.walk_recursively(ref('points_moves')) }}
{%- else -%}
SELECT ledger_id, id, points, is_expired
FROM {{ talon_one.walk_relations()[3] }}
WHERE id IS NOT NULL AND is_closed = 1
{%- endif %}
