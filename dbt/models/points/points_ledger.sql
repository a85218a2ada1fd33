{{ config(
    materialized='table' if var('talon_one_as_of', none) else 'incremental',
    unique_key=['program_id', 'id'],
    on_schema_change='fail',
    post_hook="{{ talon_one.delete_gone_rows(this) if is_incremental() else '' }}",
) -}}
-- depends_on: {{ ref('stg_talon_one__loyalty_card_transactions') }}
-- depends_on: {{ ref('stg_talon_one__loyalty_profile_transactions') }}
-- depends_on: {{ ref('stg_talon_one__loyalty_program_transactions') }}
-- The rows of all ledgers in one form, each of them once, without those that are gone at Talon.One.
WITH ledger AS (
    {{ talon_one.all_ledger_rows() | indent }}
)

SELECT program_id, owner_kind, owner, subledger_id, id, created, is_addition, amount, active_at, expiry_at, _loaded_at
FROM ledger
{%- if not flags.FULL_REFRESH and is_incremental() %}
-- Loads that run side by side may become visible out of order.
WHERE _loaded_at >= (SELECT {{ talon_one.hours_before('MAX(_loaded_at)', 24) }} FROM {{ this }})
{%- endif %}
