-- How the points of every lot (an addition) were used: amount = spent + expired + active + pending.
SELECT
    program_id,
    owner_kind,
    owner,
    subledger_id,
    id,
    created,
    active_at,
    expiry_at,
    amount,
    CASE WHEN is_lot = 1 THEN amount - points_left ELSE 0 END AS spent_points,
    CASE
        WHEN is_lot = 1 AND is_expired = 1 THEN points_left
        WHEN is_lot = 0 AND is_expired = 1 THEN amount
        ELSE 0
    END AS expired_points,
    CASE WHEN is_lot = 1 AND is_expired = 0 THEN points_left ELSE 0 END AS active_points,
    CASE WHEN is_lot = 0 AND is_expired = 0 THEN amount ELSE 0 END AS pending_points
FROM (
    SELECT
        m.program_id, m.owner_kind, m.owner, m.subledger_id, m.id, m.created, m.active_at, m.expiry_at, m.amount, m.is_lot,
        m.is_expired,
        CASE WHEN m.is_mixed = 1 THEN w.points ELSE m.points_left END AS points_left
    FROM {{ ref('points_moves') }} AS m
    LEFT JOIN {{ ref('points_walk') }} AS w ON m.is_mixed = 1 AND m.ledger_id = w.ledger_id AND m.id = w.id
    WHERE m.is_addition = 1
) AS lots
