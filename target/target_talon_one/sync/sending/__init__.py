"""Sending the changes of a destination: batches, calls, rejections, and the loop that records each outcome."""
