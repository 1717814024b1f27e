//! The HTTP API from outside: production code behind a real socket.

mod access;
mod adjustments;
mod administration;
mod batches;
mod compatible;
mod contention;
mod control;
mod documents;
mod dry_run;
mod entries;
mod feed;
mod headers;
mod holds;
mod hostile;
mod idempotency;
mod metrics;
mod positions;
mod prices;
mod refunds;
mod refused;
mod requests;
mod rollbacks;
mod slow;
mod stream;
mod texts;
mod things;
