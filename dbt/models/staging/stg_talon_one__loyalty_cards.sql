{{ talon_one.staged('loyalty_cards') }}
