{{ talon_one.staged('customer_coupons') }}
