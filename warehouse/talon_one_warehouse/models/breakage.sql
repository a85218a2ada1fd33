-- Generated from the dbt package by scripts/build_views.py.
-- The points that were issued in each month (UTC), by what happened to them since.
SELECT
    program_id,
    subledger_id,
    CAST(DATE_TRUNC('month', CAST(CAST(created AT TIME ZONE 'UTC' AS DATE) AS TIMESTAMP)) AS DATE) AS issue_month,
    SUM(amount) AS issued_points,
    SUM(spent_points) AS spent_points,
    SUM(expired_points) AS expired_points,
    SUM(active_points) AS active_points,
    SUM(pending_points) AS pending_points,
    CAST(SUM(expired_points) AS DOUBLE PRECISION)
    / NULLIF(CAST(SUM(amount) AS DOUBLE PRECISION), 0) AS breakage
FROM {schema}.points_lots
GROUP BY program_id, subledger_id, CAST(DATE_TRUNC('month', CAST(CAST(created AT TIME ZONE 'UTC' AS DATE) AS TIMESTAMP)) AS DATE)
