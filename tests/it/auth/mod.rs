//! Who calls by tokens, keys and both, and what that lets them do.

mod access;
mod callers;
mod groups;
mod keys;
mod people;
mod tokens;
