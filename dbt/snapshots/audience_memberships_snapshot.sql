{% snapshot audience_memberships_snapshot %}
{{ config(
    unique_key=['audience_id', 'integration_id'],
    strategy='check',
    check_cols=['audience_id'],
    hard_deletes='invalidate',
) }}
SELECT audience_id, integration_id
FROM {{ ref('stg_talon_one__audience_memberships') }}
{% endsnapshot %}
