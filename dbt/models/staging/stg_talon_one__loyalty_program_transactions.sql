{{ talon_one.staged('loyalty_program_transactions') }}
