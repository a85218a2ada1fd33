{#- The ledger rows of a table of transactions, in the one form that all models read.

Arguments:
    rows: the table or the model.
    owner_kind: 'card', 'profile', or 'program' for the feed of a program, whose rows are of cards or of profiles.
    owner: the column with the owner; none for the feed.
    with_loaded_at: false leaves the instant of the load out, which tables of early versions of the connector lack.
-#}
{% macro ledger_rows(rows, owner_kind, owner=none, with_loaded_at=true) %}
SELECT
    t.program_id,
{%- if owner_kind == 'program' %}
    CASE WHEN COALESCE(t.card_identifier, '') <> '' THEN 'card' ELSE 'profile' END AS owner_kind,
    COALESCE(NULLIF(t.card_identifier, ''), t.customer_profile_id) AS owner,
{%- else %}
    '{{ owner_kind }}' AS owner_kind,
    t.{{ owner }} AS owner,
{%- endif %}
    COALESCE(t.subledger_id, '') AS subledger_id,
    t.id,
    t.created,
    t.type = 'addition' AS is_addition,
    t.amount,
    CASE
        WHEN t.type <> 'addition' THEN t.created
        WHEN t.start_kind = 'on_action' THEN NULL
        WHEN t.start_at > t.created THEN t.start_at
        ELSE t.created
    END AS active_at,
    t.expiry_at
    {{- ",\n    t._loaded_at" if with_loaded_at }}
FROM {{ rows }} AS t
WHERE {{ talon_one.created_by_then('t.created') }} AND t.amount IS NOT NULL
{%- endmacro %}

{#- All ledger rows in one form, each of them once.

A row that is gone from the table of cards or profiles does not count because the feed of the program still has it.
-#}
{% macro all_ledger_rows() %}
{{- talon_one.ledger_rows(ref('stg_talon_one__loyalty_card_transactions'), 'card', 'card_identifier') }}
UNION ALL
{{- talon_one.ledger_rows(ref('stg_talon_one__loyalty_profile_transactions'), 'profile', 'integration_id') }}
UNION ALL
{{- talon_one.ledger_rows(ref('stg_talon_one__loyalty_program_transactions'), 'program') }}
{{- talon_one.not_in(talon_one.loaded('loyalty_card_transactions')) }}
{{- talon_one.not_in(talon_one.loaded('loyalty_profile_transactions')) }}
{%- endmacro %}

{#- The table of a stream with the rows that are gone, or without rows if the stream is not loaded. -#}
{% macro loaded(stream) %}
    {%- if stream in var('talon_one_streams') -%}
        {{- return(source('talon_one', stream)) -}}
    {%- else -%}
        {{- return(ref('stg_talon_one__' ~ stream)) -}}
    {%- endif -%}
{% endmacro %}

{#- The statement that deletes the rows of an incremental ledger that are gone, whether loads mark or delete them. -#}
{% macro delete_gone_rows(ledger) %}
DELETE FROM {{ ledger }}
WHERE NOT EXISTS (
    SELECT 1
    FROM (
        SELECT program_id AS there_program_id, id AS there_id
        FROM (
            {{- talon_one.all_ledger_rows() | indent(12) }}
        ) AS every_row
    ) AS there
    WHERE there.there_program_id = program_id AND there.there_id = id
)
{%- endmacro %}

{#- The condition that a row of the feed is in no other table, so that each row counts once. -#}
{% macro not_in(rows) %}
    AND NOT EXISTS (SELECT 1 FROM {{ rows }} AS o WHERE o.program_id = t.program_id AND o.id = t.id)
{%- endmacro %}
