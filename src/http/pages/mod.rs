//! The pages that people see: pure functions from what is to be shown to HTML. They need no script, but
//! for the button that copies a code and the page that posts an answer, and load nothing from anywhere.

mod account;
mod consent;
mod frame;
mod login;
mod mailed;
mod message;
mod parts;
mod posted;
mod register;
mod sign_out;
#[cfg(test)]
mod tests;
mod verified;
mod words;

pub use account::{Account, ConnectedApp, SignedIn, account};
pub use consent::{Consent, consent};
pub use frame::{Page, Site};
pub use login::{Login, login};
pub use mailed::{AskReset, ChooseReset, Verify, ask_reset, choose_reset, verify};
pub use message::{Message, message};
pub use parts::{AskingApp, Form};
pub use posted::{Posted, posted};
pub use register::{Register, register};
pub use sign_out::sign_out;
pub use verified::{Verified, verified};
