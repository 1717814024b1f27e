//! For apps that react to the events of a credit ledger.
