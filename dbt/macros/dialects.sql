{#- What the engines write differently. Everything else in this package is SQL that they share. -#}

{% macro instant_type() %}{{ return(adapter.dispatch('instant_type', 'talon_one')()) }}{% endmacro %}
{% macro default__instant_type() %}{{ return('TIMESTAMP WITH TIME ZONE') }}{% endmacro %}
{% macro snowflake__instant_type() %}{{ return('TIMESTAMP_TZ') }}{% endmacro %}
{% macro bigquery__instant_type() %}{{ return('TIMESTAMP') }}{% endmacro %}
{% macro databricks__instant_type() %}{{ return('TIMESTAMP') }}{% endmacro %}
{% macro redshift__instant_type() %}{{ return('TIMESTAMPTZ') }}{% endmacro %}

{% macro text_type() %}{{ return(adapter.dispatch('text_type', 'talon_one')()) }}{% endmacro %}
{% macro default__text_type() %}{{ return('VARCHAR') }}{% endmacro %}
{% macro bigquery__text_type() %}{{ return('STRING') }}{% endmacro %}
{% macro databricks__text_type() %}{{ return('STRING') }}{% endmacro %}
{% macro redshift__text_type() %}{{ return('VARCHAR(65535)') }}{% endmacro %}

{% macro integer_type() %}{{ return(adapter.dispatch('integer_type', 'talon_one')()) }}{% endmacro %}
{% macro default__integer_type() %}{{ return('BIGINT') }}{% endmacro %}
{% macro bigquery__integer_type() %}{{ return('INT64') }}{% endmacro %}

{% macro number_type() %}{{ return(adapter.dispatch('number_type', 'talon_one')()) }}{% endmacro %}
{% macro default__number_type() %}{{ return('DECIMAL(38, 18)') }}{% endmacro %}
{% macro bigquery__number_type() %}{{ return('BIGNUMERIC(38, 18)') }}{% endmacro %}

{% macro ratio_type() %}{{ return(adapter.dispatch('ratio_type', 'talon_one')()) }}{% endmacro %}
{% macro default__ratio_type() %}{{ return('DOUBLE PRECISION') }}{% endmacro %}
{% macro bigquery__ratio_type() %}{{ return('FLOAT64') }}{% endmacro %}
{% macro databricks__ratio_type() %}{{ return('DOUBLE') }}{% endmacro %}

{% macro boolean_type() %}{{ return(adapter.dispatch('boolean_type', 'talon_one')()) }}{% endmacro %}
{% macro default__boolean_type() %}{{ return('BOOLEAN') }}{% endmacro %}
{% macro bigquery__boolean_type() %}{{ return('BOOL') }}{% endmacro %}

{#- The day in UTC of an instant. -#}
{% macro utc_date(instant) %}{{ return(adapter.dispatch('utc_date', 'talon_one')(instant)) }}{% endmacro %}
{% macro default__utc_date(instant) %}{{ return("CAST(" ~ instant ~ " AT TIME ZONE 'UTC' AS DATE)") }}{% endmacro %}
{% macro snowflake__utc_date(instant) %}{{ return("CAST(CONVERT_TIMEZONE('UTC', " ~ instant ~ ") AS DATE)") }}{% endmacro %}
{% macro bigquery__utc_date(instant) %}{{ return("DATE(" ~ instant ~ ", 'UTC')") }}{% endmacro %}
{% macro databricks__utc_date(instant) %}
    {{- return("CAST(TO_UTC_TIMESTAMP(" ~ instant ~ ", CURRENT_TIMEZONE()) AS DATE)") -}}
{% endmacro %}

{#- The first day of a day's month. -#}
{% macro month_of(day) %}{{ return(adapter.dispatch('month_of', 'talon_one')(day)) }}{% endmacro %}
{% macro default__month_of(day) %}
    {{- return("CAST(DATE_TRUNC('month', CAST(" ~ day ~ " AS TIMESTAMP)) AS DATE)") -}}
{% endmacro %}
{% macro snowflake__month_of(day) %}{{ return("DATE_TRUNC('month', " ~ day ~ ")") }}{% endmacro %}
{% macro bigquery__month_of(day) %}{{ return("DATE_TRUNC(" ~ day ~ ", MONTH)") }}{% endmacro %}
{% macro databricks__month_of(day) %}{{ return("CAST(DATE_TRUNC('month', " ~ day ~ ") AS DATE)") }}{% endmacro %}

{#- The first day of the month in UTC of an instant. -#}
{% macro utc_month(instant) %}{{ return(talon_one.month_of(talon_one.utc_date(instant))) }}{% endmacro %}

{#- An instant some hours earlier. -#}
{% macro hours_before(instant, hours) %}{{ return(adapter.dispatch('hours_before', 'talon_one')(instant, hours)) }}{% endmacro %}
{% macro default__hours_before(instant, hours) %}{{ return(instant ~ " - INTERVAL '" ~ hours ~ " hours'") }}{% endmacro %}
{% macro snowflake__hours_before(instant, hours) %}{{ return("DATEADD(hour, -" ~ hours ~ ", " ~ instant ~ ")") }}{% endmacro %}
{% macro redshift__hours_before(instant, hours) %}{{ return("DATEADD(hour, -" ~ hours ~ ", " ~ instant ~ ")") }}{% endmacro %}
{% macro bigquery__hours_before(instant, hours) %}
    {{- return("TIMESTAMP_SUB(" ~ instant ~ ", INTERVAL " ~ hours ~ " HOUR)") -}}
{% endmacro %}
{% macro databricks__hours_before(instant, hours) %}{{ return(instant ~ " - INTERVAL " ~ hours ~ " HOURS") }}{% endmacro %}

{#- A text in a JSON object. -#}
{% macro json_text(value, name) %}{{ return(adapter.dispatch('json_text', 'talon_one')(value, name)) }}{% endmacro %}
{% macro default__json_text(value, name) %}{{ return("CAST(" ~ value ~ " AS JSON) ->> '" ~ name ~ "'") }}{% endmacro %}
{% macro snowflake__json_text(value, name) %}{{ return("CAST(GET(" ~ value ~ ", '" ~ name ~ "') AS VARCHAR)") }}{% endmacro %}
{% macro bigquery__json_text(value, name) %}{{ return("JSON_VALUE(" ~ value ~ ", '$." ~ name ~ "')") }}{% endmacro %}
{% macro databricks__json_text(value, name) %}{{ return("GET_JSON_OBJECT(" ~ value ~ ", '$." ~ name ~ "')") }}{% endmacro %}
{% macro redshift__json_text(value, name) %}
    {{- return("JSON_EXTRACT_PATH_TEXT(" ~ value ~ ", '" ~ name ~ "', TRUE)") -}}
{% endmacro %}

{#- True if the engine takes window functions in the recursive part of a query. -#}
{% macro recursion_takes_windows() %}{{ return(adapter.dispatch('recursion_takes_windows', 'talon_one')()) }}{% endmacro %}
{% macro default__recursion_takes_windows() %}{{ return(false) }}{% endmacro %}
{% macro duckdb__recursion_takes_windows() %}{{ return(true) }}{% endmacro %}
{% macro postgres__recursion_takes_windows() %}{{ return(true) }}{% endmacro %}
{#- Redshift inherits from PostgreSQL. -#}
{% macro redshift__recursion_takes_windows() %}{{ return(false) }}{% endmacro %}
