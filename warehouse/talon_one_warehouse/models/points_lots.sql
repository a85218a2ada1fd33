-- Generated from the dbt package by scripts/build_views.py.
-- How the points of every lot (an addition) were used: amount = spent + expired + active + pending.
WITH
points_moves AS MATERIALIZED (
    -- Every row of the ledgers, and what is left of each lot (an addition). Points that expire first are spent first; what a
    -- subtraction cannot cover is debt, which later points pay off when they become active.
    --
    -- Put the lots of a ledger on a line, in the order in which they become active. Where they also expire in this order, a
    -- subtraction moves a pointer along the line by its amount, and an expiry moves it to the end of the lot that expires,
    -- unless it is already there: so the pointer is what was subtracted plus the largest lead of an expired lot over what was
    -- subtracted before its expiry. What lies between the pointer and the end of a lot is left of it, and a pointer beyond
    -- the last lot is debt. Ledgers with another order and with subtractions are mixed: points_walk replays them.
    WITH ledger AS (
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
            DENSE_RANK() OVER (ORDER BY program_id, owner_kind, owner, subledger_id) AS ledger_id,
            CASE WHEN is_addition THEN 1 ELSE 0 END AS is_addition,
            CASE
                WHEN is_addition AND active_at <= {as_of} AND (expiry_at IS NULL OR expiry_at > active_at)
                    THEN 1
                ELSE 0
            END AS is_lot,
            CASE WHEN expiry_at <= {as_of} THEN 1 ELSE 0 END AS is_expired
        FROM {schema}.points_ledger
    ),

    -- At one instant points expire, then they are added, then they are subtracted.
    placed AS (
        SELECT
            *,
            SUM(CASE WHEN is_lot = 1 THEN amount ELSE 0 END) OVER (
                PARTITION BY ledger_id
                ORDER BY is_lot, active_at, id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS lot_end,
            SUM(CASE WHEN is_addition = 1 THEN 0 ELSE amount END) OVER (
                PARTITION BY ledger_id
                ORDER BY
                    CASE
                        WHEN is_addition = 0 THEN active_at
                        WHEN is_expired = 1 THEN expiry_at
                        ELSE {as_of}
                    END,
                    CASE WHEN is_addition = 0 THEN 1 WHEN is_expired = 1 THEN 0 ELSE 2 END
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS subtracted,
            LAG(id) OVER (PARTITION BY ledger_id, is_lot ORDER BY active_at, id) AS last_id,
            LAG(created) OVER (PARTITION BY ledger_id, is_lot ORDER BY active_at, id) AS last_created,
            LAG(expiry_at) OVER (PARTITION BY ledger_id, is_lot ORDER BY active_at, id) AS last_expiry_at
        FROM ledger
    ),

    led AS (
        SELECT
            *,
            MAX(CASE WHEN is_lot = 1 AND is_expired = 1 THEN lot_end - subtracted END) OVER (
                PARTITION BY ledger_id, is_lot
                ORDER BY active_at, id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS lead_of_expired,
            MAX(1 - is_addition) OVER (PARTITION BY ledger_id) AS has_subtractions,
            MAX(CASE
                WHEN amount < 0 THEN 1
                WHEN is_lot = 0 OR last_id IS NULL THEN 0
                WHEN expiry_at IS NULL AND last_expiry_at IS NOT NULL THEN 0
                WHEN expiry_at > last_expiry_at THEN 0
                WHEN expiry_at < last_expiry_at OR (expiry_at IS NOT NULL AND last_expiry_at IS NULL) THEN 1
                WHEN created > last_created OR (created = last_created AND id > last_id) THEN 0
                ELSE 1
            END) OVER (PARTITION BY ledger_id) AS is_out_of_order
        FROM placed
    )

    SELECT
        ledger_id,
        program_id,
        owner_kind,
        owner,
        subledger_id,
        id,
        created,
        active_at,
        expiry_at,
        amount,
        is_addition,
        is_lot,
        is_expired,
        CASE WHEN is_out_of_order = 1 AND has_subtractions = 1 THEN 1 ELSE 0 END AS is_mixed,
        CASE
            WHEN is_lot = 1
                THEN LEAST(amount, GREATEST(lot_end - subtracted - GREATEST(COALESCE(lead_of_expired, 0), 0), 0))
        END AS points_left
    FROM led
),

points_walk AS MATERIALIZED (
    -- What is left of each lot of the mixed ledgers, in which points that arrive later are spent earlier.
    -- depends_on: points_moves

    WITH RECURSIVE
    moves AS MATERIALIZED (
    SELECT
        ledger_id, id, created, active_at, expiry_at, is_addition, amount,
        CAST(SUM(1 - is_addition) OVER (
            PARTITION BY ledger_id
            ORDER BY active_at, 1 - is_addition, id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS subtractions
    FROM points_moves
    WHERE is_mixed = 1 AND (is_lot = 1 OR is_addition = 0)
    ),

    steps AS MATERIALIZED (
    SELECT ledger_id, subtractions AS n, active_at AS instant, amount AS wanted, 0 AS is_last
    FROM moves
    WHERE is_addition = 0
    UNION ALL
    SELECT
        ledger_id,
        CAST(SUM(1 - is_addition) + 1 AS BIGINT) AS n,
        {as_of} AS instant,
        CAST(0 AS DECIMAL(38, 18)) AS wanted,
        1 AS is_last
    FROM moves
    GROUP BY ledger_id
    ),

    arrivals AS MATERIALIZED (
    SELECT ledger_id, subtractions + 1 AS n, id, created, active_at, expiry_at, amount
    FROM moves
    WHERE is_addition = 1
    UNION ALL
    SELECT
        ledger_id,
        n,
        CAST(NULL AS BIGINT) AS id,
        CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS created,
        CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS active_at,
        CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS expiry_at,
        CAST(0 AS DECIMAL(38, 18)) AS amount
    FROM steps
    ),

    walk AS (
    SELECT
        ledger_id,
        CAST(0 AS BIGINT) AS n,
        CAST(NULL AS BIGINT) AS id,
        CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS created,
        CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS expiry_at,
        CAST(0 AS DECIMAL(38, 18)) AS points,
        CAST(0 AS DECIMAL(38, 18)) AS debt,
        0 AS is_expired,
        0 AS is_closed
    FROM steps
    WHERE is_last = 1
        UNION ALL
    SELECT
        ledger_id,
        n,
        id,
        created,
        expiry_at,
        CAST(CASE WHEN id IS NULL OR is_expired = 1 THEN points
            ELSE points - LEAST(points, GREATEST(wanted - spent_before, 0)) END AS DECIMAL(38, 18)) AS points,
        CAST(CASE WHEN id IS NULL THEN debt + GREATEST(wanted - available, 0) ELSE 0 END
            AS DECIMAL(38, 18)) AS debt,
        is_expired,
        CASE
            WHEN is_last = 1 OR is_expired = 1 OR (id IS NOT NULL AND points <= wanted - spent_before) THEN 1 ELSE 0
        END AS is_closed
    FROM (
        SELECT
            ledger_id, n, wanted, is_last, id, created, expiry_at, points, debt, is_expired,
            SUM(CASE WHEN is_expired = 1 THEN 0 ELSE points END) OVER (
                PARTITION BY ledger_id
                ORDER BY is_expired, CASE WHEN expiry_at IS NULL THEN 1 ELSE 0 END, expiry_at, created, id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) - CASE WHEN is_expired = 1 THEN 0 ELSE points END AS spent_before,
            SUM(CASE WHEN is_expired = 1 THEN 0 ELSE points END) OVER (PARTITION BY ledger_id) AS available
        FROM (
            SELECT
                ledger_id, n, wanted, is_last, id, created, expiry_at,
                points - LEAST(payable, GREATEST(owed - paid_before, 0)) AS points,
                GREATEST(owed - payable_in_all, 0) AS debt,
                CASE WHEN expiry_at <= instant THEN 1 ELSE 0 END AS is_expired
            FROM (
                SELECT
                    ledger_id, n, instant, wanted, is_last, id, created, expiry_at, points, payable,
                    SUM(debt) OVER (PARTITION BY ledger_id) AS owed,
                    SUM(payable) OVER (PARTITION BY ledger_id) AS payable_in_all,
                    SUM(payable) OVER (
                        PARTITION BY ledger_id
                        ORDER BY CASE WHEN payable > 0 THEN 1 ELSE 0 END, active_at, id
                        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                    ) - payable AS paid_before
                FROM (
                    SELECT
                        w.ledger_id,
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
                        CASE WHEN a.id IS NOT NULL THEN a.amount ELSE 0 END AS payable
                    FROM walk AS w
                    INNER JOIN steps AS s ON w.ledger_id = s.ledger_id AND w.n + 1 = s.n
                    LEFT JOIN arrivals AS a ON w.id IS NULL AND s.ledger_id = a.ledger_id AND s.n = a.n
                    WHERE w.is_closed = 0
                ) AS found
            ) AS owing
        ) AS paid
    ) AS taken
    )

    SELECT ledger_id, id, points, is_expired
    FROM walk
    WHERE id IS NOT NULL AND is_closed = 1
)

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
    FROM points_moves AS m
    LEFT JOIN points_walk AS w ON m.is_mixed = 1 AND m.ledger_id = w.ledger_id AND m.id = w.id
    WHERE m.is_addition = 1
) AS lots
