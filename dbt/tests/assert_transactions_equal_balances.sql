-- Every balance is the arithmetic of its ledger, whatever its instant: what was added is active, pending, expired or
-- spent, where spent points that no addition covers are negative; and what was subtracted is spent. Talon.One does not
-- document whether a balance counts a row created at its very instant, so a balance that agrees in one of both ways does.
-- Balances without all figures, as some read strategies have them, are left out.
WITH balances AS (
    SELECT
        program_id, 'card' AS owner_kind, card_identifier AS owner, COALESCE(subledger_id, '') AS subledger_id, as_of,
        active_points + pending_points + expired_points + spent_points - negative_points AS added, spent_points
    FROM {{ ref('stg_talon_one__loyalty_card_balances') }}
    UNION ALL
    SELECT
        program_id, 'profile' AS owner_kind, integration_id AS owner, COALESCE(subledger_id, '') AS subledger_id, as_of,
        active_points + pending_points + expired_points + spent_points - negative_points AS added, spent_points
    FROM {{ ref('stg_talon_one__loyalty_profile_balances') }}
),

counted AS (
    SELECT
        b.program_id, b.owner_kind, b.owner, b.subledger_id, b.as_of, b.added, b.spent_points,
        COALESCE(SUM(CASE WHEN l.is_addition AND l.created < b.as_of THEN l.amount END), 0) AS added_before,
        COALESCE(SUM(CASE WHEN l.is_addition THEN l.amount END), 0) AS added_until,
        COALESCE(SUM(CASE WHEN NOT l.is_addition AND l.created < b.as_of THEN l.amount END), 0) AS subtracted_before,
        COALESCE(SUM(CASE WHEN NOT l.is_addition THEN l.amount END), 0) AS subtracted_until
    FROM balances AS b
    LEFT JOIN {{ ref('points_ledger') }} AS l
        ON
            b.program_id = l.program_id
            AND b.owner_kind = l.owner_kind
            AND b.owner = l.owner
            AND b.subledger_id = l.subledger_id
            AND l.created <= b.as_of
    WHERE {{ talon_one.created_by_then('b.as_of') }} AND b.added IS NOT NULL
    GROUP BY b.program_id, b.owner_kind, b.owner, b.subledger_id, b.as_of, b.added, b.spent_points
)

SELECT *
FROM counted
WHERE
    NOT (added = added_before AND spent_points = subtracted_before)
    AND NOT (added = added_until AND spent_points = subtracted_until)
