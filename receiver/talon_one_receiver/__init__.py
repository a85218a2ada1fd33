"""A receiver of Talon.One's notifications: it keeps each one in a journal, and merges them into a warehouse.

The package can be imported without its web server, which is the optional extra ``listen``.
"""

from talon_one_receiver.streams import STREAMS, NotificationStream

__all__ = ["STREAMS", "NotificationStream"]
