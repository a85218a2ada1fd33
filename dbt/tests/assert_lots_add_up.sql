-- Every point of a lot is spent, expired, active or pending, and none of these is negative.
SELECT *
FROM {{ ref('points_lots') }}
WHERE
    amount <> spent_points + expired_points + active_points + pending_points
    OR spent_points < 0
    OR expired_points < 0
    OR active_points < 0
    OR pending_points < 0
    OR spent_points IS NULL
