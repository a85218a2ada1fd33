-- The profiles of each loyalty card: the join from the points of a card to a customer.
{{ talon_one.profiles_of_cards(ref('stg_talon_one__loyalty_cards')) }}
