{{ talon_one.staged('audiences') }}
