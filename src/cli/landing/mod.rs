//! Where an import ends up.

pub(super) mod database;
pub(super) mod directory;
