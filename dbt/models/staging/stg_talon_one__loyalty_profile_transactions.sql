{{ talon_one.staged('loyalty_profile_transactions') }}
