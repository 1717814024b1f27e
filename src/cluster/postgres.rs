//! The lease in PostgreSQL.
