-- Cards or profiles with at least one row in their ledgers, by month (UTC).
SELECT
    program_id,
    owner_kind,
    {{ talon_one.utc_month('created') }} AS month,
    COUNT(DISTINCT owner) AS active_members,
    COUNT(DISTINCT CASE WHEN is_addition THEN owner END) AS members_with_additions,
    COUNT(DISTINCT CASE WHEN is_addition THEN NULL ELSE owner END) AS members_with_subtractions,
    COUNT(*) AS transactions
FROM {{ ref('points_ledger') }}
GROUP BY program_id, owner_kind, {{ talon_one.utc_month('created') }}
