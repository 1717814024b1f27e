//! The published contracts: AsyncAPI and JSON Schemas.
