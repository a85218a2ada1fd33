{#- The balances of a table in the one form that all models read.

Where Talon.One does not report negative points, active points are net of them: a debt is then below 0. No ledger has active
and negative points at once, so that the sign tells both.
-#}
{% macro balance_rows(rows, owner_kind, owner) %}
SELECT
    program_id, '{{ owner_kind }}' AS owner_kind, {{ owner }} AS owner, COALESCE(subledger_id, '') AS subledger_id, as_of,
    CASE WHEN negative_points IS NULL AND active_points < 0 THEN 0 ELSE active_points END AS active_points,
    pending_points, spent_points, expired_points,
    CASE
        WHEN negative_points IS NOT NULL THEN negative_points
        WHEN active_points < 0 THEN -active_points
        WHEN active_points >= 0 THEN 0
    END AS negative_points
FROM {{ rows }}
{%- endmacro %}

{#- The balances of all cards and profiles. -#}
{% macro all_balance_rows() %}
{{- talon_one.balance_rows(ref('stg_talon_one__loyalty_card_balances'), 'card', 'card_identifier') }}
UNION ALL
{{- talon_one.balance_rows(ref('stg_talon_one__loyalty_profile_balances'), 'profile', 'integration_id') }}
{%- endmacro %}

{#- One row for each profile in the list of each card. -#}
{% macro profiles_of_cards(cards) %}{{ return(adapter.dispatch('profiles_of_cards', 'talon_one')(cards)) }}{% endmacro %}

{#- By the positions in the longest list, because engines differ in how a list becomes rows. -#}
{% macro default__profiles_of_cards(cards) %}
WITH RECURSIVE cards AS (
    SELECT program_id, identifier, status, CAST(profiles AS JSON) AS profiles
    FROM {{ cards }} AS c
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
{% endmacro %}

{% macro snowflake__profiles_of_cards(cards) %}
SELECT
    c.program_id,
    c.identifier AS card_identifier,
    CAST(GET(p.value, 'integrationId') AS VARCHAR) AS integration_id,
    c.status AS card_status
FROM {{ cards }} AS c, LATERAL FLATTEN(input => c.profiles) AS p
{% endmacro %}

{% macro bigquery__profiles_of_cards(cards) %}
SELECT
    c.program_id,
    c.identifier AS card_identifier,
    JSON_VALUE(p, '$.integrationId') AS integration_id,
    c.status AS card_status
FROM {{ cards }} AS c
CROSS JOIN UNNEST(JSON_QUERY_ARRAY(c.profiles)) AS p
{% endmacro %}

{% macro databricks__profiles_of_cards(cards) %}
SELECT
    c.program_id,
    c.identifier AS card_identifier,
    p.integrationId AS integration_id,
    c.status AS card_status
FROM {{ cards }} AS c
LATERAL VIEW EXPLODE(FROM_JSON(c.profiles, 'ARRAY<STRUCT<integrationId: STRING>>')) AS p
{% endmacro %}

{#- A column of the type SUPER would have its names in lower case: they are read from its text. -#}
{% macro redshift__profiles_of_cards(cards) %}
SELECT
    c.program_id,
    c.identifier AS card_identifier,
    JSON_EXTRACT_PATH_TEXT(JSON_SERIALIZE(p), 'integrationId', TRUE) AS integration_id,
    c.status AS card_status
FROM (SELECT program_id, identifier, status, JSON_PARSE(profiles) AS profiles FROM {{ cards }} AS t) AS c, c.profiles AS p
{% endmacro %}
