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
            WHEN is_addition AND active_at <= {{ talon_one.as_of() }} AND (expiry_at IS NULL OR expiry_at > active_at)
                THEN 1
            ELSE 0
        END AS is_lot,
        CASE WHEN expiry_at <= {{ talon_one.as_of() }} THEN 1 ELSE 0 END AS is_expired
    FROM {{ ref('points_ledger') }}
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
                    ELSE {{ talon_one.as_of() }}
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
