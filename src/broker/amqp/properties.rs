//! A message's properties on the wire.

use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};

use crate::broker::message::{CONTENT_TYPE, Message};

const PERSISTENT: u8 = 2;
const MICROS: i64 = 1_000_000;

/// Properties of a message that `user` publishes: the broker lets nobody claim another name.
pub(super) fn of(message: &Message, user: &str) -> BasicProperties {
    let mut headers = FieldTable::default();
    for (name, value) in &message.headers {
        headers.insert((*name).into(), AMQPValue::LongString(value.as_str().into()));
    }
    let seconds = u64::try_from(message.time.micros() / MICROS).unwrap_or_default();
    let properties = BasicProperties::default()
        .with_message_id(short(&message.id))
        .with_type(short(&message.event_type))
        .with_content_type(CONTENT_TYPE.into())
        .with_app_id("credit-ledger".into())
        .with_user_id(user.into())
        .with_timestamp(seconds)
        .with_delivery_mode(PERSISTENT)
        .with_headers(headers);
    match &message.correlation {
        Some(id) => properties.with_correlation_id(short(id)),
        None => properties,
    }
}

/// AMQP's short strings have at most 255 bytes; longer ones, which a client may have sent as its
/// request id, are cut: the body has them whole.
fn short(text: &str) -> lapin::types::ShortString {
    text[..text.floor_char_boundary(255)].into()
}
