-- The points that were issued in each month (UTC), by what happened to them since.
SELECT
    program_id,
    subledger_id,
    {{ talon_one.utc_month('created') }} AS issue_month,
    SUM(amount) AS issued_points,
    SUM(spent_points) AS spent_points,
    SUM(expired_points) AS expired_points,
    SUM(active_points) AS active_points,
    SUM(pending_points) AS pending_points,
    CAST(SUM(expired_points) AS {{ talon_one.ratio_type() }})
    / NULLIF(CAST(SUM(amount) AS {{ talon_one.ratio_type() }}), 0) AS breakage
FROM {{ ref('points_lots') }}
GROUP BY program_id, subledger_id, {{ talon_one.utc_month('created') }}
