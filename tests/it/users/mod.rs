//! People: they register, sign in and out, and keep their account, over HTTP.

mod account;
mod administration;
mod attacks;
mod callers;
mod meanwhile;
mod meddling;
mod passwords;
mod registration;
mod sessions;
mod world;
