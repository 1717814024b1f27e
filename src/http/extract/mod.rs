//! Requests taken apart: each extractor yields a value that cannot be wrong, or a problem.

mod asking;
mod authentication;
mod caller;
mod charge;
mod credentials;
mod fields;
mod form;
mod object;
mod params;
mod path;
mod payload;
mod seen;

pub(super) use asking::{Asking, Intent};
pub(super) use authentication::{find as find_organization, names};
pub(super) use caller::{Caller, Operator, SignedIn, scope};
pub(super) use charge::{
    SERVICE_CHARS_MAX, UNIT_CHARS_MAX, UNITS_MAX, UsageField, charge, charge_by_number, optional_charge,
};
pub(super) use credentials::{Credentials, presented};
pub(super) use fields::{
    AmountField, EXPIRY_SECONDS_MAX, Text, decimal, expiry, interval, moment, present, seconds, short_text,
};
pub(super) use form::{Form, OauthForm};
pub(super) use object::Object;
pub(super) use params::Params;
pub(super) use path::{Named, ServicePath, WalletPath};
pub(super) use payload::{BatchPayload, Payload};
pub(super) use seen::{Peer, Seen};
