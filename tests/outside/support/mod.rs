//! What the tests share: the binary, a server, clients, and books kept without the ledger's crates.

pub(crate) mod api;
pub(crate) mod books;
pub(crate) mod browser;
pub(crate) mod cli;
pub(crate) mod clock;
pub(crate) mod cluster;
pub(crate) mod crowd;
pub(crate) mod disk;
pub(crate) mod home;
pub(crate) mod people;
#[path = "../../it/support/postgres/mod.rs"]
#[expect(dead_code, reason = "shared with the tests inside, which use the rest of it")]
pub(crate) mod postgres;
pub(crate) mod provider;
#[path = "../../it/support/rabbit/mod.rs"]
#[expect(dead_code, reason = "shared with the tests inside, which use the rest of it")]
pub(crate) mod rabbit;
pub(crate) mod raw;
#[path = "../../it/support/scratch.rs"]
pub(crate) mod scratch;
pub(crate) mod server;
pub(crate) mod spender;
pub(crate) mod tap;
pub(crate) mod turn;

/// Everything an app can be allowed.
pub(crate) const ALL_SCOPES: &str = "credits:check,credits:deduct,credits:rollback,credits:purchase,credits:grant,credits:hold,credits:refund,\
     credits:adjust,credits:read,wallets:control,prices:write,reports:read,events:read";

/// A wallet by number.
pub(crate) fn wallet(number: u64) -> String {
    uuid::Uuid::from_u64_pair(0x7d1f_6f0a_4f0e_4b1c, 0x9d55_0000_0000_0000 | number).to_string()
}
