-- Generated from the dbt package by scripts/build_views.py.
-- The newest loaded balance of each card or profile. The tables of balances have one row for every load.
SELECT
    program_id, owner_kind, owner, subledger_id, as_of,
    active_points, pending_points, spent_points, expired_points, negative_points
FROM (
    SELECT
        program_id, owner_kind, owner, subledger_id, as_of,
        active_points, pending_points, spent_points, expired_points, negative_points,
        ROW_NUMBER() OVER (PARTITION BY program_id, owner_kind, owner, subledger_id ORDER BY as_of DESC) AS age
    FROM (
        {balances}
    ) AS every_balance
    WHERE as_of <= {as_of}
) AS numbered
WHERE age = 1
