-- Points that were issued, spent and lost to expiry in each month (UTC).
SELECT
    program_id,
    subledger_id,
    month,
    SUM(issued_points) AS issued_points,
    SUM(spent_points) AS spent_points,
    SUM(expired_points) AS expired_points
FROM (
    SELECT
        program_id,
        subledger_id,
        {{ talon_one.utc_month('created') }} AS month,
        CASE WHEN is_addition THEN amount ELSE CAST(0 AS {{ talon_one.number_type() }}) END AS issued_points,
        CASE WHEN is_addition THEN CAST(0 AS {{ talon_one.number_type() }}) ELSE amount END AS spent_points,
        CAST(0 AS {{ talon_one.number_type() }}) AS expired_points
    FROM {{ ref('points_ledger') }}
    UNION ALL
    SELECT
        program_id,
        subledger_id,
        {{ talon_one.utc_month('expiry_at') }} AS month,
        CAST(0 AS {{ talon_one.number_type() }}) AS issued_points,
        CAST(0 AS {{ talon_one.number_type() }}) AS spent_points,
        expired_points
    FROM {{ ref('points_lots') }}
    WHERE expired_points > 0
) AS changes
GROUP BY program_id, subledger_id, month
