-- Generated from the dbt package by scripts/build_views.py.
SELECT
    t.program_id,
    CASE WHEN COALESCE(t.card_identifier, '') <> '' THEN 'card' ELSE 'profile' END AS owner_kind,
    COALESCE(NULLIF(t.card_identifier, ''), t.customer_profile_id) AS owner,
    COALESCE(t.subledger_id, '') AS subledger_id,
    t.id,
    t.created,
    t.type = 'addition' AS is_addition,
    t.amount,
    CASE
        WHEN t.type <> 'addition' THEN t.created
        WHEN t.start_kind = 'on_action' THEN NULL
        WHEN t.start_at > t.created THEN t.start_at
        ELSE t.created
    END AS active_at,
    t.expiry_at
FROM {there.loyalty_program_transactions} AS t
WHERE t.created <= {as_of} AND t.amount IS NOT NULL
