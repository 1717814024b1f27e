//! Several processes on one ledger.
