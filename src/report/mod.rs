//! Documents for auditors, computed from events and nothing else: the [`Statement`] of a wallet, and
//! the forms in which it can be had. All of it is pure.

mod accounts;
mod beancount;
mod hledger;
mod html;
mod journal;
mod render;
mod sheet;
pub mod statement;
mod text;

pub use render::Form;
pub use sheet::guarded;
pub use statement::{Edge, Opening, OpeningLot, Statement, StatementError, StatementOf};
