//! `/api/cross-app/…`: apps on their own origins that share users and credits.

mod origins;
mod story;
mod world;
