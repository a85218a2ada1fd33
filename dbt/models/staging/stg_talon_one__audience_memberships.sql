{{ talon_one.staged('audience_memberships') }}
