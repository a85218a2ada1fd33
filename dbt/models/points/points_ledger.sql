{{ config(
    materialized='table' if var('talon_one_as_of', none) else 'incremental',
    unique_key=['program_id', 'id'],
    on_schema_change='fail',
) -}}
{%- set cards = ref('stg_talon_one__loyalty_card_transactions') -%}
{%- set profiles = ref('stg_talon_one__loyalty_profile_transactions') -%}
-- The rows of all ledgers in one form, each of them once.
WITH ledger AS (
    {{ talon_one.ledger_rows(cards, 'card', 'card_identifier') | indent }}
    UNION ALL
    {{ talon_one.ledger_rows(profiles, 'profile', 'integration_id') | indent }}
    UNION ALL
    {{ talon_one.ledger_rows(ref('stg_talon_one__loyalty_program_transactions'), 'program') | indent }}
    {{- talon_one.not_in(cards) | indent }}
    {{- talon_one.not_in(profiles) | indent }}
)

SELECT program_id, owner_kind, owner, subledger_id, id, created, is_addition, amount, active_at, expiry_at, _loaded_at
FROM ledger
{%- if not flags.FULL_REFRESH and is_incremental() %}
-- Loads that run side by side may become visible out of order.
WHERE _loaded_at >= (SELECT {{ talon_one.hours_before('MAX(_loaded_at)', 24) }} FROM {{ this }})
{%- endif %}
