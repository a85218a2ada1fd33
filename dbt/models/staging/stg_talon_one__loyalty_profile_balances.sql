{{ talon_one.staged('loyalty_profile_balances') }}
