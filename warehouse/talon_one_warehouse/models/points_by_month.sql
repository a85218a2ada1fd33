-- Generated from the dbt package by scripts/build_views.py.
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
        CAST(DATE_TRUNC('month', CAST(CAST(created AT TIME ZONE 'UTC' AS DATE) AS TIMESTAMP)) AS DATE) AS month,
        CASE WHEN is_addition THEN amount ELSE CAST(0 AS DECIMAL(38, 18)) END AS issued_points,
        CASE WHEN is_addition THEN CAST(0 AS DECIMAL(38, 18)) ELSE amount END AS spent_points,
        CAST(0 AS DECIMAL(38, 18)) AS expired_points
    FROM {schema}.points_ledger
    UNION ALL
    SELECT
        program_id,
        subledger_id,
        CAST(DATE_TRUNC('month', CAST(CAST(expiry_at AT TIME ZONE 'UTC' AS DATE) AS TIMESTAMP)) AS DATE) AS month,
        CAST(0 AS DECIMAL(38, 18)) AS issued_points,
        CAST(0 AS DECIMAL(38, 18)) AS spent_points,
        expired_points
    FROM {schema}.points_lots
    WHERE expired_points > 0
) AS changes
GROUP BY program_id, subledger_id, month
