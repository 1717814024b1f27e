//! The stored events as messages: the relay to RabbitMQ.
