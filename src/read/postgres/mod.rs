//! The projections in PostgreSQL.
