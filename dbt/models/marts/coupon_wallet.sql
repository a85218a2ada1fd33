-- The coupons of each profile, and whether they can be used.
SELECT
    integration_id,
    id AS coupon_id,
    campaign_id,
    value AS coupon_code,
    state,
    usage_counter,
    CASE WHEN usage_limit > 0 THEN usage_limit END AS usage_limit,
    start_date,
    expiry_date,
    CASE
        WHEN expiry_date <= {{ talon_one.as_of() }} THEN 'expired'
        WHEN usage_limit > 0 AND usage_counter >= usage_limit THEN 'used'
        WHEN start_date > {{ talon_one.as_of() }} THEN 'not started'
        ELSE 'usable'
    END AS wallet_state
FROM {{ ref('stg_talon_one__customer_coupons') }} AS coupons
