//! Requests taken apart: each extractor yields a value that cannot be wrong, or a problem.

mod asking;
mod caller;
mod fields;
mod object;
mod params;
mod path;
mod payload;

pub(super) use asking::Asking;
pub(super) use caller::{Caller, Operator, find as find_organization, scope};
pub(super) use fields::{AmountField, Text, decimal, expiry, seconds, short_text};
pub(super) use object::Object;
pub(super) use params::Params;
pub(super) use path::{Named, WalletPath};
pub(super) use payload::Payload;
