{#- The columns of each stream that the models use, with their kinds. -#}
{% macro columns_of(stream) %}
    {%- set ledger = {
        'program_id': 'integer', 'subledger_id': 'text', 'id': 'integer', 'created': 'instant', 'type': 'text',
        'amount': 'number', 'start_kind': 'text', 'start_at': 'instant', 'expiry_kind': 'text', 'expiry_at': 'instant',
    } -%}
    {%- set points = {
        'as_of': 'instant', 'active_points': 'number', 'pending_points': 'number', 'spent_points': 'number',
        'expired_points': 'number', 'negative_points': 'number',
    } -%}
    {%- set loaded = {'_loaded_at': 'instant'} -%}
    {{- return({
        'loyalty_card_transactions': dict(ledger, card_identifier='text', **loaded),
        'loyalty_profile_transactions': dict(ledger, integration_id='text', **loaded),
        'loyalty_program_transactions': dict(ledger, card_identifier='text', customer_profile_id='text', **loaded),
        'loyalty_card_balances': dict(points, program_id='integer', card_identifier='text', subledger_id='text', **loaded),
        'loyalty_profile_balances': dict(
            points, program_id='integer', integration_id='text', subledger_id='text', current_tier='json', **loaded
        ),
        'loyalty_cards': dict({
            'id': 'integer', 'program_id': 'integer', 'identifier': 'text', 'status': 'text', 'profiles': 'json',
        }, **loaded),
        'loyalty_programs': dict({'id': 'integer', 'name': 'text', 'title': 'text', 'card_based': 'boolean'}, **loaded),
        'audiences': dict({'id': 'integer', 'name': 'text', 'integration': 'text'}, **loaded),
        'audience_memberships': dict({'audience_id': 'integer', 'integration_id': 'text'}, **loaded),
        'customer_coupons': dict({
            'integration_id': 'text', 'id': 'integer', 'campaign_id': 'integer', 'value': 'text', 'state': 'text',
            'usage_limit': 'integer', 'usage_counter': 'integer', 'start_date': 'instant', 'expiry_date': 'instant',
        }, **loaded),
    }[stream]) -}}
{% endmacro %}

{#- The type of a kind of column. -#}
{% macro type_of(kind) %}
    {{- return({
        'text': talon_one.text_type(), 'integer': talon_one.integer_type(), 'number': talon_one.number_type(),
        'instant': talon_one.instant_type(), 'boolean': talon_one.boolean_type(), 'json': talon_one.text_type(),
    }[kind]) -}}
{% endmacro %}

{#- The streams whose loads mark the rows that are gone at Talon.One, of those that the models use for what there is. -#}
{% macro marked_streams() %}
    {{- return([
        'loyalty_card_transactions', 'loyalty_profile_transactions', 'loyalty_program_transactions',
        'loyalty_cards', 'audience_memberships', 'customer_coupons',
    ]) -}}
{% endmacro %}

{#- The rows of a stream without those that are gone, or no rows if the stream is not loaded. -#}
{% macro staged(stream) %}
{%- if stream in var('talon_one_streams') -%}
SELECT {{ talon_one.columns_of(stream) | join(', ') }}
FROM {{ source('talon_one', stream) }}
{%- if stream in talon_one.marked_streams() %}
WHERE _deleted_at IS NULL
{%- endif %}
{%- else -%}
-- The stream {{ stream }} is not in the variable talon_one_streams.
SELECT
{%- for name, kind in talon_one.columns_of(stream).items() %}
    CAST(NULL AS {{ talon_one.type_of(kind) }}) AS {{ name }}{{ "," if not loop.last }}
{%- endfor %}
FROM (SELECT 1 AS one) AS nothing
WHERE one = 0
{%- endif -%}
{% endmacro %}
