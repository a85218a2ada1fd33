-- Generated from the dbt package by scripts/build_views.py.
-- Points added and subtracted on each day (UTC) that has transactions, and the running total.
WITH days AS (
    SELECT
        program_id,
        owner_kind,
        owner,
        subledger_id,
        CAST(created AT TIME ZONE 'UTC' AS DATE) AS day,
        SUM(CASE WHEN is_addition THEN amount ELSE 0 END) AS points_added,
        SUM(CASE WHEN is_addition THEN 0 ELSE amount END) AS points_subtracted
    FROM {schema}.points_ledger
    GROUP BY program_id, owner_kind, owner, subledger_id, CAST(created AT TIME ZONE 'UTC' AS DATE)
)

SELECT
    program_id,
    owner_kind,
    owner,
    subledger_id,
    day,
    CAST(DATE_TRUNC('month', CAST(day AS TIMESTAMP)) AS DATE) AS month,
    points_added,
    points_subtracted,
    SUM(points_added - points_subtracted) OVER (
        PARTITION BY program_id, owner_kind, owner, subledger_id
        ORDER BY day
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS net_points,
    day = MAX(day) OVER (
        PARTITION BY program_id, owner_kind, owner, subledger_id, CAST(DATE_TRUNC('month', CAST(day AS TIMESTAMP)) AS DATE)
    ) AS is_last_of_month
FROM days
