SELECT id FROM {{ params.table }} -- not a file: other.sql
