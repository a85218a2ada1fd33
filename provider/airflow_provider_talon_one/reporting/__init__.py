"""What tasks log: a summary of their work, its progress, and their errors in the words of Airflow's users."""
