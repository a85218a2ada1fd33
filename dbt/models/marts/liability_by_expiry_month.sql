-- Active and pending points by the month (UTC) in which they expire; the month is null if they never do.
SELECT
    program_id,
    subledger_id,
    {{ talon_one.utc_month('expiry_at') }} AS expiry_month,
    SUM(active_points) AS active_points,
    SUM(pending_points) AS pending_points,
    SUM(active_points + pending_points) AS points,
    COUNT(DISTINCT owner) AS owners
FROM {{ ref('points_lots') }}
WHERE active_points + pending_points > 0
GROUP BY program_id, subledger_id, {{ talon_one.utc_month('expiry_at') }}
