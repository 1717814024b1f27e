//! The relay and a real RabbitMQ: what is stored arrives, whatever happens to the broker.

mod arriving;
mod broken;
mod consuming;
pub(crate) mod inbox;
mod permissions;
mod provision;
mod refused;
mod relaying;
mod restarted;
mod state;
mod table;
mod world;
