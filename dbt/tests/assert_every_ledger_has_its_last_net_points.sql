-- The last running total of a ledger is all that was added to it minus all that was subtracted.
WITH sums AS (
    SELECT
        program_id, owner_kind, owner, subledger_id,
        SUM(CASE WHEN is_addition THEN amount ELSE -amount END) AS net_points
    FROM {{ ref('points_ledger') }}
    GROUP BY program_id, owner_kind, owner, subledger_id
),

days AS (
    SELECT
        program_id, owner_kind, owner, subledger_id, net_points,
        ROW_NUMBER() OVER (PARTITION BY program_id, owner_kind, owner, subledger_id ORDER BY day DESC) AS nth
    FROM {{ ref('points_balance_over_time') }}
)

SELECT s.program_id, s.owner_kind, s.owner, s.subledger_id, s.net_points, d.net_points AS found
FROM sums AS s
LEFT JOIN days AS d
    ON
        s.program_id = d.program_id
        AND s.owner_kind = d.owner_kind
        AND s.owner = d.owner
        AND s.subledger_id = d.subledger_id
        AND d.nth = 1
WHERE d.net_points IS NULL OR s.net_points <> d.net_points
