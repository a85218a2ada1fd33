-- Segments of the loaded loyalty data, as tables that syncs read. ${as_of} is the instant of the segments.
CREATE SCHEMA IF NOT EXISTS segments;

-- The 200 households that collected the most points.
CREATE OR REPLACE TABLE segments.top_spenders AS
SELECT replace(card_identifier, 'card-', 'household-') AS customer, sum(amount) AS points
FROM talon_one.loyalty_card_transactions
WHERE type = 'addition' AND created <= TIMESTAMPTZ '${as_of}'
GROUP BY card_identifier
ORDER BY points DESC, customer
LIMIT 200;

-- Households that collected points in the year, but none in its last 60 days.
CREATE OR REPLACE TABLE segments.lapsing AS
SELECT replace(card_identifier, 'card-', 'household-') AS customer, max(created) AS last_seen
FROM talon_one.loyalty_card_transactions
WHERE type = 'addition' AND created <= TIMESTAMPTZ '2018-01-02T00:00:00Z'
GROUP BY card_identifier
HAVING max(created) < TIMESTAMPTZ '2018-01-02T00:00:00Z' - INTERVAL 60 DAY;

-- Households with more than 100 points that expire within 30 days unless they are spent.
CREATE OR REPLACE TABLE segments.expiring AS
SELECT replace(owner, 'card-', 'household-') AS customer, sum(active_points) AS points
FROM talon_one.points_expiring
WHERE expiry_at < TIMESTAMPTZ '2018-01-02T00:00:00Z' + INTERVAL 30 DAY
GROUP BY owner
HAVING sum(active_points) > 100;
