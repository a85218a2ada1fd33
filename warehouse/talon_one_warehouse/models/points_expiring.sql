-- Generated from the dbt package by scripts/build_views.py.
-- Points of each card or profile that will expire unless they are spent, by the instant at which they expire.
SELECT
    program_id,
    owner_kind,
    owner,
    subledger_id,
    expiry_at,
    SUM(active_points) AS active_points,
    SUM(pending_points) AS pending_points,
    SUM(SUM(active_points + pending_points)) OVER (
        PARTITION BY program_id, owner_kind, owner, subledger_id
        ORDER BY expiry_at
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS points_expired_by_then
FROM {schema}.points_lots
WHERE expiry_at IS NOT NULL AND active_points + pending_points > 0
GROUP BY program_id, owner_kind, owner, subledger_id, expiry_at
