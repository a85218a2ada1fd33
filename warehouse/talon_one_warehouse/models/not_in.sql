AND NOT EXISTS (SELECT 1 FROM {schema}.{table} AS o WHERE o.program_id = t.program_id AND o.id = t.id)
