-- Generated from the dbt package by scripts/build_views.py.
SELECT
    program_id, 'profile' AS owner_kind, integration_id AS owner, COALESCE(subledger_id, '') AS subledger_id, as_of,
    active_points, pending_points, spent_points, expired_points, negative_points
FROM {schema}.loyalty_profile_balances
