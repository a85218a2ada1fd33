"""Alerts of syncs and loads: messages to chat, mail and webhooks when something needs a person."""
