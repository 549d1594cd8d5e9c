"""Child processes in which code of others runs: how they start, what is sent, and how they end."""
