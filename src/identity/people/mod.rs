//! Users, what they grant to apps, groups, clients, and what ended early.
//!
//! Their rows are the projections' own, in memory and changed in place; a change is decided on them,
//! recorded, and applied to them before its caller is told.

mod access;
mod admits;
mod clients;
mod groups;
mod index;
mod kinds;
mod reads;
mod sessions;
#[cfg(test)]
mod tests;
mod uris;
mod users;

pub use clients::IssuedClientSecret;
pub use kinds::{Access, Client, Denial, Group, Member, Secret, User};
pub use uris::{ClientFault, is_client_id};

pub(super) use admits::admits;
pub(super) use index::{Index, Standing};
