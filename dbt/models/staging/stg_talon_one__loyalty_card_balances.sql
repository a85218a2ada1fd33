{{ talon_one.staged('loyalty_card_balances') }}
