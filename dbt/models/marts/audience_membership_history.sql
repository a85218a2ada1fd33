-- The times at which a profile was in an audience, as the builds saw them. A current membership has no end.
SELECT
    m.audience_id,
    a.name AS audience,
    m.integration_id,
    m.dbt_valid_from AS joined_at,
    m.dbt_valid_to AS left_at,
    CASE WHEN m.dbt_valid_to IS NULL THEN 1 ELSE 0 END AS is_member
FROM {{ ref('audience_memberships_snapshot') }} AS m
LEFT JOIN {{ ref('stg_talon_one__audiences') }} AS a ON m.audience_id = a.id
