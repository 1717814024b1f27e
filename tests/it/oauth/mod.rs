//! The authorization server from outside.

mod browsers;
mod clients;
mod codes;
mod documents;
mod errors;
mod hints;
mod inspecting;
mod people;
mod redirects;
mod refreshing;
mod routes;
mod secrets;
mod signing_out;
mod web_message;
pub(crate) mod world;
