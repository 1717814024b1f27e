//! From a URL to a channel on which everything is as the relay needs it.

use lapin::{
    Channel, Connection, Error, ErrorKind, ExchangeKind,
    options::{ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::AMQPErrorKind,
    types::FieldTable,
    uri::AMQPUri,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::broker::{
    session::Broken,
    topology::{AUDIT, EVENTS},
};

/// The header that opens AMQP 0-9-1.
const HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";

/// Whether somebody answers there. A connection to a broker that hangs keeps a thread and a socket
/// for as long as the broker hangs, also after its time-out; this one is just dropped.
pub(super) async fn knock(uri: &AMQPUri) -> Result<(), Broken> {
    let lost = |error: std::io::Error| Broken::Lost(error.to_string());
    let address = (uri.authority.host.as_str(), uri.authority.port);
    let mut stream = TcpStream::connect(address).await.map_err(lost)?;
    stream.write_all(HEADER).await.map_err(lost)?;
    stream.read_u8().await.map(drop).map_err(lost)
}

/// A channel in confirm mode, after a look at exchange, audit queue and binding. What can be mended
/// here is: the exchange and the binding are declared each time, which changes nothing when they are
/// there.
pub(super) async fn channel(connection: &Connection) -> Result<Channel, Broken> {
    let channel = connection.create_channel().await.map_err(broken)?;
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let declared =
        channel.exchange_declare(EVENTS.into(), ExchangeKind::Topic, durable, FieldTable::default());
    declared.await.map_err(broken)?;
    let looked = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(AUDIT.into(), looked, FieldTable::default()).await.map_err(
        |error| match broken(error) {
            Broken::Setup(reason) => Broken::Setup(format!("{reason}; run credit-ledger broker provision")),
            other @ (Broken::Lost(_) | Broken::Silent(_)) => other,
        },
    )?;
    let bound = channel.queue_bind(
        AUDIT.into(),
        EVENTS.into(),
        "#".into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bound.await.map_err(broken)?;
    channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(broken)?;
    Ok(channel)
}

/// What an error means for the relay. A channel that the broker closed names something missing,
/// forbidden or different; so does a refused log-in.
pub(super) fn broken(error: Error) -> Broken {
    let ErrorKind::ProtocolError(told) = error.kind() else { return Broken::Lost(error.to_string()) };
    let text = told.to_string();
    let refused = matches!(told.kind(), AMQPErrorKind::Soft(_))
        || text.contains("ACCESS")
        || text.contains("NOT-ALLOWED");
    if refused { Broken::Setup(text) } else { Broken::Lost(text) }
}
