{{ talon_one.staged('loyalty_programs') }}
