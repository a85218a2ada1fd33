-- Changes of a profile's tier between one balance and the next; the first balance with a tier is a change from none.
WITH tiers AS (
    SELECT
        program_id,
        integration_id,
        subledger_id,
        as_of,
        {{ talon_one.json_text('current_tier', 'name') }} AS tier
    FROM {{ ref('stg_talon_one__loyalty_profile_balances') }}
),

neighbors AS (
    SELECT
        program_id,
        integration_id,
        subledger_id,
        as_of,
        tier,
        LAG(tier) OVER (PARTITION BY program_id, integration_id, subledger_id ORDER BY as_of) AS previous_tier,
        LAG(as_of) OVER (PARTITION BY program_id, integration_id, subledger_id ORDER BY as_of) AS previous_as_of
    FROM tiers
)

SELECT program_id, integration_id, subledger_id, previous_tier, tier, previous_as_of AS seen_before_at, as_of AS seen_at
FROM neighbors
WHERE COALESCE(tier, '') <> COALESCE(previous_tier, '')
