"""How does a ledger lie in PostgreSQL? `log` is where to start; `migrations` has the tables and what the database enforces."""
