{#- The replay of ledgers in which points that arrive later are spent earlier: one step for each subtraction of a ledger,
for all ledgers at once, and a last step at the instant of the balance, which subtracts nothing. -#}

{#- What each step subtracts, and when. -#}
{% macro walk_steps(moves) %}
SELECT ledger_id, subtractions AS n, active_at AS instant, amount AS wanted, 0 AS is_last
FROM {{ moves }}
WHERE is_addition = 0
UNION ALL
SELECT
    ledger_id,
    CAST(SUM(1 - is_addition) + 1 AS {{ talon_one.integer_type() }}) AS n,
    {{ talon_one.as_of() }} AS instant,
    CAST(0 AS {{ talon_one.number_type() }}) AS wanted,
    1 AS is_last
FROM {{ moves }}
GROUP BY ledger_id
{%- endmacro %}

{#- Rows in the order in which they take effect; at one instant additions come first. -#}
{% macro walk_moves(moves) %}
SELECT
    ledger_id, id, created, active_at, expiry_at, is_addition, amount,
    CAST(SUM(1 - is_addition) OVER (
        PARTITION BY ledger_id
        ORDER BY active_at, 1 - is_addition, id
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS {{ talon_one.integer_type() }}) AS subtractions
FROM {{ moves }}
WHERE is_mixed = 1 AND (is_lot = 1 OR is_addition = 0)
{%- endmacro %}

{#- What each step adds: the lots since the step before, and a row without id that carries the debt over. -#}
{% macro walk_arrivals(moves, steps) %}
SELECT ledger_id, subtractions + 1 AS n, id, created, active_at, expiry_at, amount
FROM {{ moves }}
WHERE is_addition = 1
UNION ALL
SELECT
    ledger_id,
    n,
    CAST(NULL AS {{ talon_one.integer_type() }}) AS id,
    CAST(NULL AS {{ talon_one.instant_type() }}) AS created,
    CAST(NULL AS {{ talon_one.instant_type() }}) AS active_at,
    CAST(NULL AS {{ talon_one.instant_type() }}) AS expiry_at,
    CAST(0 AS {{ talon_one.number_type() }}) AS amount
FROM {{ steps }}
{%- endmacro %}

{#- Every ledger before its first step: no lots, no debt. -#}
{% macro walk_begin(steps) %}
SELECT
    ledger_id,
    CAST(0 AS {{ talon_one.integer_type() }}) AS n,
    CAST(NULL AS {{ talon_one.integer_type() }}) AS id,
    CAST(NULL AS {{ talon_one.instant_type() }}) AS created,
    CAST(NULL AS {{ talon_one.instant_type() }}) AS expiry_at,
    CAST(0 AS {{ talon_one.number_type() }}) AS points,
    CAST(0 AS {{ talon_one.number_type() }}) AS debt,
    0 AS is_expired,
    0 AS is_closed
FROM {{ steps }}
WHERE is_last = 1
{%- endmacro %}

{#- The lots after a step. New lots pay the debt first; then the step takes its points from the lots that expire first. -#}
{% macro walk_step(walk, steps, arrivals, which='') %}
SELECT
    ledger_id,
    n,
    id,
    created,
    expiry_at,
    CAST(CASE WHEN id IS NULL OR is_expired = 1 THEN points
        ELSE points - LEAST(points, GREATEST(wanted - spent_before, 0)) END AS {{ talon_one.number_type() }}) AS points,
    CAST(CASE WHEN id IS NULL THEN debt + GREATEST(wanted - available, 0) ELSE 0 END
        AS {{ talon_one.number_type() }}) AS debt,
    is_expired,
    CASE
        WHEN is_last = 1 OR is_expired = 1 OR (id IS NOT NULL AND points <= wanted - spent_before) THEN 1 ELSE 0
    END AS is_closed
FROM (
    SELECT
        ledger_id, n, wanted, is_last, id, created, expiry_at, points, debt, is_expired,
        SUM(CASE WHEN is_expired = 1 THEN 0 ELSE points END) OVER (
            PARTITION BY ledger_id
            ORDER BY is_expired, CASE WHEN expiry_at IS NULL THEN 1 ELSE 0 END, expiry_at, created, id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) - CASE WHEN is_expired = 1 THEN 0 ELSE points END AS spent_before,
        SUM(CASE WHEN is_expired = 1 THEN 0 ELSE points END) OVER (PARTITION BY ledger_id) AS available
    FROM (
        SELECT
            ledger_id, n, wanted, is_last, id, created, expiry_at,
            points - LEAST(payable, GREATEST(owed - paid_before, 0)) AS points,
            GREATEST(owed - payable_in_all, 0) AS debt,
            CASE WHEN expiry_at <= instant THEN 1 ELSE 0 END AS is_expired
        FROM (
            SELECT
                ledger_id, n, instant, wanted, is_last, id, created, expiry_at, points, payable,
                SUM(debt) OVER (PARTITION BY ledger_id) AS owed,
                SUM(payable) OVER (PARTITION BY ledger_id) AS payable_in_all,
                SUM(payable) OVER (
                    PARTITION BY ledger_id
                    ORDER BY CASE WHEN payable > 0 THEN 1 ELSE 0 END, active_at, id
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                ) - payable AS paid_before
            FROM (
                SELECT
                    w.ledger_id,
                    s.n,
                    s.instant,
                    s.wanted,
                    s.is_last,
                    COALESCE(w.id, a.id) AS id,
                    COALESCE(w.created, a.created) AS created,
                    a.active_at,
                    CASE WHEN w.id IS NULL THEN a.expiry_at ELSE w.expiry_at END AS expiry_at,
                    CASE WHEN w.id IS NULL THEN a.amount ELSE w.points END AS points,
                    CASE WHEN w.id IS NULL AND a.id IS NULL THEN w.debt ELSE 0 END AS debt,
                    CASE WHEN a.id IS NOT NULL THEN a.amount ELSE 0 END AS payable
                FROM {{ walk }} AS w
                INNER JOIN {{ steps }} AS s ON w.ledger_id = s.ledger_id AND w.n + 1 = s.n
                LEFT JOIN {{ arrivals }} AS a ON w.id IS NULL AND s.ledger_id = a.ledger_id AND s.n = a.n
                WHERE w.is_closed = 0{{ which }}
            ) AS found
        ) AS owing
    ) AS paid
) AS taken
{%- endmacro %}

{#- Replay in one recursive query. -#}
{% macro walk_recursively(moves) %}
WITH RECURSIVE
moves AS MATERIALIZED ({{ talon_one.walk_moves(moves) }}
),

steps AS MATERIALIZED ({{ talon_one.walk_steps('moves') }}
),

arrivals AS MATERIALIZED ({{ talon_one.walk_arrivals('moves', 'steps') }}
),

walk AS ({{ talon_one.walk_begin('steps') }}
    UNION ALL{{ talon_one.walk_step('walk', 'steps', 'arrivals') }}
)

SELECT ledger_id, id, points, is_expired
FROM walk
WHERE id IS NOT NULL AND is_closed = 1
{%- endmacro %}

{#- Replay with one statement for each step, for engines whose recursive queries take no window functions. Runs before
the model that reads the result. -#}
{% macro walk_in_steps(moves) %}
{%- if execute and not talon_one.walks_recursively() -%}
    {%- set steps, arrivals, numbered, walk = talon_one.walk_relations() -%}
    {%- do talon_one.keep(numbered, talon_one.walk_moves(moves)) -%}
    {%- do talon_one.keep(steps, talon_one.walk_steps(numbered)) -%}
    {%- do talon_one.keep(arrivals, talon_one.walk_arrivals(numbered, steps)) -%}
    {%- do talon_one.keep(walk, talon_one.walk_begin(steps)) -%}
    {%- set last = run_query('SELECT COALESCE(MAX(n), 0) AS last_step FROM ' ~ steps).columns[0].values()[0] | int -%}
    {%- for n in range(last) -%}
        {%- do run_query(talon_one.walk_insert(walk, steps, arrivals, n)) -%}
    {%- endfor -%}
{%- endif -%}
{% endmacro %}

{% macro walk_insert(walk, steps, arrivals, n) %}
INSERT INTO {{ walk }} (ledger_id, n, id, created, expiry_at, points, debt, is_expired, is_closed)
{{- talon_one.walk_step(walk, steps, arrivals, ' AND w.n = ' ~ n) }}
{%- endmacro %}

{#- The working tables of a replay, beside the model. -#}
{% macro walk_relations() %}
    {%- set found = [] -%}
    {%- for name in ('steps', 'arrivals', 'numbered', 'walk') -%}
        {%- do found.append(this.incorporate(path={'identifier': this.identifier ~ '__' ~ name}, type='table')) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{% macro keep(relation, select) %}
    {%- do adapter.drop_relation(relation) -%}
    {%- do run_query(create_table_as(false, relation, select)) -%}
{% endmacro %}

{#- True if the engine replays in one query; the variable talon_one_walk_in_steps is for tests of the other way. -#}
{% macro walks_recursively() %}
    {{- return(talon_one.recursion_takes_windows() and not var('talon_one_walk_in_steps', false)) -}}
{% endmacro %}
