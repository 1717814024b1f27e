//! Several processes on one ledger: who writes, and how the others reach it.
