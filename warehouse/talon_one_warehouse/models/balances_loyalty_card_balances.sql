-- Generated from the dbt package by scripts/build_views.py.
SELECT
    program_id, 'card' AS owner_kind, card_identifier AS owner, COALESCE(subledger_id, '') AS subledger_id, as_of,
    CASE WHEN negative_points IS NULL AND active_points < 0 THEN 0 ELSE active_points END AS active_points,
    pending_points, spent_points, expired_points,
    CASE
        WHEN negative_points IS NOT NULL THEN negative_points
        WHEN active_points < 0 THEN -active_points
        WHEN active_points >= 0 THEN 0
    END AS negative_points
FROM {schema}.loyalty_card_balances
