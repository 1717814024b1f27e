//! Statements: of random histories, with every kind of line and hostile texts, and by programs that have
//! nothing to do with the ledger.

mod forms;
mod journals;
mod random;
mod statements;
