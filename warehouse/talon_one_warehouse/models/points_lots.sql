-- How the points of every lot (an addition) were used. Points that expire first are spent first. What a subtraction
-- cannot cover is debt, which later points pay off when they become active. The order matters only at a subtraction, so
-- the recursion has one step for each subtraction of a ledger, for all ledgers at once, and a last step at the instant
-- of the balance, which subtracts nothing.
WITH RECURSIVE
ledger AS (
    SELECT
        *,
        DENSE_RANK() OVER (ORDER BY program_id, owner_kind, owner, subledger_id) AS ledger
    FROM {schema}.points_ledger
),

-- Rows in the order in which they take effect; at one instant additions come first.
moves AS (
    SELECT
        ledger, id, created, active_at, expiry_at, is_addition, amount,
        SUM(CASE WHEN is_addition THEN 0 ELSE 1 END) OVER (
            PARTITION BY ledger
            ORDER BY active_at, CASE WHEN is_addition THEN 0 ELSE 1 END, id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS subtractions
    FROM ledger
    WHERE active_at <= {as_of}
),

steps AS (
    SELECT ledger, CAST(subtractions AS BIGINT) AS n, active_at AS instant, amount AS wanted, FALSE AS is_last
    FROM moves
    WHERE NOT is_addition
    UNION ALL
    SELECT ledger, CAST(SUM(CASE WHEN is_addition THEN 0 ELSE 1 END) AS BIGINT) + 1, {as_of}, 0, TRUE
    FROM moves
    GROUP BY ledger
),

-- What each step adds: the lots since the step before, and a row without id that carries the debt over.
arrivals AS (
    SELECT ledger, CAST(subtractions AS BIGINT) + 1 AS n, id, created, active_at, expiry_at, amount
    FROM moves
    WHERE is_addition
    UNION ALL
    SELECT ledger, n, NULL, NULL, NULL, NULL, 0
    FROM steps
),

walk AS (
    SELECT
        ledger,
        CAST(0 AS BIGINT) AS n,
        CAST(NULL AS BIGINT) AS id,
        CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS created,
        CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS expiry_at,
        CAST(0 AS DECIMAL(38, 18)) AS points,
        CAST(0 AS DECIMAL(38, 18)) AS debt,
        FALSE AS is_expired,
        FALSE AS is_closed
    FROM steps
    WHERE is_last
    UNION ALL
    SELECT
        ledger,
        n,
        id,
        created,
        expiry_at,
        CAST(CASE WHEN id IS NULL OR is_expired THEN points
            ELSE points - LEAST(points, GREATEST(wanted - before, 0)) END AS DECIMAL(38, 18)),
        CAST(CASE WHEN id IS NULL THEN debt + GREATEST(wanted - available, 0) ELSE 0 END AS DECIMAL(38, 18)),
        is_expired,
        is_last OR is_expired OR (id IS NOT NULL AND points <= wanted - before)
    FROM (
        SELECT
            *,
            SUM(CASE WHEN is_expired THEN 0 ELSE points END) OVER (
                PARTITION BY ledger
                ORDER BY is_expired, CASE WHEN expiry_at IS NULL THEN 1 ELSE 0 END, expiry_at, created, id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) - CASE WHEN is_expired THEN 0 ELSE points END AS before,
            SUM(CASE WHEN is_expired THEN 0 ELSE points END) OVER (PARTITION BY ledger) AS available
        FROM (
            SELECT
                ledger, n, wanted, is_last, id, created, expiry_at,
                points - LEAST(payable, GREATEST(owed - paid_before, 0)) AS points,
                GREATEST(owed - payable_in_all, 0) AS debt,
                expiry_at IS NOT NULL AND expiry_at <= instant AS is_expired
            FROM (
                SELECT
                    *,
                    SUM(debt) OVER (PARTITION BY ledger) AS owed,
                    SUM(payable) OVER (PARTITION BY ledger) AS payable_in_all,
                    SUM(payable) OVER (
                        PARTITION BY ledger
                        ORDER BY CASE WHEN payable > 0 THEN 1 ELSE 0 END, active_at, id
                        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                    ) - payable AS paid_before
                FROM (
                    SELECT
                        w.ledger,
                        s.n,
                        s.instant,
                        s.wanted,
                        s.is_last,
                        COALESCE(w.id, a.id) AS id,
                        COALESCE(w.created, a.created) AS created,
                        a.active_at,
                        CASE WHEN w.id IS NULL THEN a.expiry_at ELSE w.expiry_at END AS expiry_at,
                        CASE WHEN w.id IS NULL THEN a.amount ELSE w.points END AS points,
                        CASE WHEN w.id IS NULL AND a.id IS NULL THEN w.debt ELSE 0 END AS debt,
                        CASE
                            WHEN a.id IS NOT NULL AND (a.expiry_at IS NULL OR a.expiry_at > a.active_at) THEN a.amount
                            ELSE 0
                        END AS payable
                    FROM walk AS w
                    INNER JOIN steps AS s ON w.ledger = s.ledger AND w.n + 1 = s.n
                    LEFT JOIN arrivals AS a ON w.id IS NULL AND s.ledger = a.ledger AND s.n = a.n
                    WHERE NOT w.is_closed
                ) AS found
            ) AS owing
        ) AS paid
    ) AS taken
),

ends AS (
    SELECT ledger, id, points, is_expired
    FROM walk
    WHERE id IS NOT NULL AND is_closed
)

SELECT
    l.program_id,
    l.owner_kind,
    l.owner,
    l.subledger_id,
    l.id,
    l.created,
    l.active_at,
    l.expiry_at,
    l.amount,
    l.amount - COALESCE(e.points, l.amount) AS spent_points,
    CASE
        WHEN e.id IS NOT NULL THEN CASE WHEN e.is_expired THEN e.points ELSE 0 END
        WHEN l.expiry_at <= {as_of} THEN l.amount
        ELSE 0
    END AS expired_points,
    CASE WHEN e.id IS NOT NULL AND NOT e.is_expired THEN e.points ELSE 0 END AS active_points,
    CASE WHEN e.id IS NULL AND (l.expiry_at IS NULL OR l.expiry_at > {as_of}) THEN l.amount ELSE 0 END AS pending_points
FROM ledger AS l
LEFT JOIN ends AS e ON l.ledger = e.ledger AND l.id = e.id
WHERE l.is_addition
