"""Read strategies and the estimate of their cost."""
