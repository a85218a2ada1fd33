"""Sending the changes of a destination: batches, calls, rejections, and the loop that keeps what became of each row."""
