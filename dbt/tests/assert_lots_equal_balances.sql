-- Balances at the instant of the variable talon_one_as_of are the sums of the lots. Without it the lots are those of the
-- time of the build, for which there is no balance. Balances without all figures, as some read strategies have them, are
-- left out.
WITH balances AS (
    SELECT
        program_id, 'card' AS owner_kind, card_identifier AS owner, COALESCE(subledger_id, '') AS subledger_id, as_of,
        active_points, pending_points, expired_points, spent_points - negative_points AS spent_points
    FROM {{ ref('stg_talon_one__loyalty_card_balances') }}
    UNION ALL
    SELECT
        program_id, 'profile' AS owner_kind, integration_id AS owner, COALESCE(subledger_id, '') AS subledger_id, as_of,
        active_points, pending_points, expired_points, spent_points - negative_points AS spent_points
    FROM {{ ref('stg_talon_one__loyalty_profile_balances') }}
),

counted AS (
    SELECT
        program_id, owner_kind, owner, subledger_id, SUM(active_points) AS active, SUM(pending_points) AS pending,
        SUM(expired_points) AS expired, SUM(spent_points) AS spent
    FROM {{ ref('points_lots') }}
    GROUP BY program_id, owner_kind, owner, subledger_id
)

SELECT
    b.program_id, b.owner_kind, b.owner, b.subledger_id, b.active_points, c.active, b.pending_points, c.pending,
    b.expired_points, c.expired, b.spent_points, c.spent
FROM balances AS b
LEFT JOIN counted AS c
    ON
        b.program_id = c.program_id
        AND b.owner_kind = c.owner_kind
        AND b.owner = c.owner
        AND b.subledger_id = c.subledger_id
WHERE
    {{ "b.as_of = " ~ talon_one.as_of() if var('talon_one_as_of', none) else "1 = 0" }}
    AND b.spent_points IS NOT NULL
    AND (
        b.active_points <> COALESCE(c.active, 0)
        OR b.pending_points <> COALESCE(c.pending, 0)
        OR b.expired_points <> COALESCE(c.expired, 0)
        OR b.spent_points <> COALESCE(c.spent, 0)
    )
