//! The event log in KurrentDB, played by a double of its protocol.
