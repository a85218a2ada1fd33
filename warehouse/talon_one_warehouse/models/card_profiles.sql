-- Generated from the dbt package by scripts/build_views.py.
-- The profiles of each loyalty card: the join from the points of a card to a customer.
WITH RECURSIVE cards AS (
    SELECT program_id, identifier, status, CAST(profiles AS JSON) AS profiles
    FROM {there.loyalty_cards} AS c
),

positions AS (
    SELECT 0 AS place
    UNION ALL
    SELECT place + 1 AS place
    FROM positions
    WHERE place + 1 < (SELECT MAX(JSON_ARRAY_LENGTH(profiles)) FROM cards)
)

SELECT
    c.program_id,
    c.identifier AS card_identifier,
    (c.profiles -> p.place) ->> 'integrationId' AS integration_id,
    c.status AS card_status
FROM cards AS c
INNER JOIN positions AS p ON p.place < JSON_ARRAY_LENGTH(c.profiles)
