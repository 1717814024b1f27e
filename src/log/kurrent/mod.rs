//! The event log in KurrentDB (EventStoreDB).
