//! Signing in with Google: the browser's way there and back, and the codes that come of it.

mod browser;
pub(super) mod sign_in;
pub(super) mod verify_session;
