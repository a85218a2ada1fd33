"""Handlers of the Management API's lists and exports of promotions, events and members."""
