//! The HTTP API from outside: production code behind a real socket.

mod access;
mod compatible;
mod documents;
mod entries;
mod feed;
mod headers;
mod hostile;
mod idempotency;
mod keys;
mod metrics;
mod positions;
mod refused;
mod requests;
mod rollbacks;
mod stream;
mod texts;
mod things;
