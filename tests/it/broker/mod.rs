//! The relay and a real RabbitMQ: what is stored arrives, whatever happens to the broker.

mod arriving;
mod inbox;
mod relaying;
mod world;
