//! The HTTP API from outside: production code behind a real socket.

mod access;
mod administration;
mod compatible;
mod contention;
mod documents;
mod entries;
mod feed;
mod headers;
mod hostile;
mod idempotency;
mod metrics;
mod positions;
mod refused;
mod requests;
mod rollbacks;
mod slow;
mod stream;
mod texts;
mod things;
