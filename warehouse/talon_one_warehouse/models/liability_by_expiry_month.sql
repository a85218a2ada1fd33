-- Generated from the dbt package by scripts/build_views.py.
-- Active and pending points by the month (UTC) in which they expire; the month is null if they never do.
SELECT
    program_id,
    subledger_id,
    CAST(DATE_TRUNC('month', CAST(CAST(expiry_at AT TIME ZONE 'UTC' AS DATE) AS TIMESTAMP)) AS DATE) AS expiry_month,
    SUM(active_points) AS active_points,
    SUM(pending_points) AS pending_points,
    SUM(active_points + pending_points) AS points,
    COUNT(DISTINCT owner) AS owners
FROM {schema}.points_lots
WHERE active_points + pending_points > 0
GROUP BY program_id, subledger_id, CAST(DATE_TRUNC('month', CAST(CAST(expiry_at AT TIME ZONE 'UTC' AS DATE) AS TIMESTAMP)) AS DATE)
