-- Segments from loaded loyalty data, as tables that syncs read; ${as_of} is the instant they are worked out for.
CREATE SCHEMA IF NOT EXISTS segments;

-- The 200 households with the most points collected.
CREATE OR REPLACE TABLE segments.top_spenders AS
SELECT replace(card_identifier, 'card-', 'household-') AS customer, sum(amount) AS points
FROM talon_one.loyalty_card_transactions
WHERE type = 'addition' AND created <= TIMESTAMPTZ '${as_of}'
GROUP BY card_identifier
ORDER BY points DESC, customer
LIMIT 200;

-- Households that collected something in the year, but nothing in the last 60 days before it ended.
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
