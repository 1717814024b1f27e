//! The relay, on a real RabbitMQ.
