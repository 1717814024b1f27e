//! What an error of the client means.

use events::Position;
use eventstore::{CurrentRevision, Error};

/// gRPC's code of a request that is wrong in itself, such as an append over the store's limit.
const INVALID_ARGUMENT: i32 = 3;

/// What an error says about the events of an append, when all of the request may have left.
pub(super) enum Meaning {
    /// Nothing was written: the stream had another head than the expected one.
    Moved(Position),
    /// The request never left, or reached a node that doesn't write: nothing was written.
    NotSent(String),
    /// Nothing was written, nor will it be when this is repeated.
    Refused(String),
    /// It may be written.
    Unknown(String),
}

pub(super) fn of_append(error: &Error) -> Meaning {
    let words = words(error);
    match error {
        Error::WrongExpectedVersion { current: CurrentRevision::Current(last), .. } => {
            Meaning::Moved(Position(*last).next())
        }
        Error::WrongExpectedVersion { current: CurrentRevision::NoStream, .. } => Meaning::Moved(Position(0)),
        // The client says these before it sends anything, the store the next one before it does anything.
        Error::ConnectionClosed | Error::GrpcConnectionError(_) | Error::InitializationError(_) => {
            Meaning::NotSent(words)
        }
        Error::NotLeaderException(_) => Meaning::NotSent(words),
        Error::AccessDenied | Error::ResourceDeleted | Error::UnsupportedFeature => Meaning::Refused(words),
        Error::Grpc { code, .. } if i32::from(*code) == INVALID_ARGUMENT => Meaning::Refused(words),
        Error::ServerError(_)
        | Error::Grpc { .. }
        | Error::InternalParsingError(_)
        | Error::ResourceAlreadyExists
        | Error::ResourceNotFound
        | Error::InternalClientError
        | Error::DeadlineExceeded
        | Error::IllegalStateError(_) => Meaning::Unknown(words),
    }
}

/// The error, and what to do about it where that is known.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::NotLeaderException(leader) => {
            format!("the node that was asked follows {}:{}", leader.host, leader.port)
        }
        Error::AccessDenied => {
            "access denied: check user and password in the event store's URL and the stream's access list"
                .to_owned()
        }
        Error::ResourceDeleted => "the stream was deleted for good".to_owned(),
        Error::Grpc { message, .. } => message.clone(),
        Error::ServerError(_)
        | Error::ConnectionClosed
        | Error::GrpcConnectionError(_)
        | Error::InternalParsingError(_)
        | Error::ResourceAlreadyExists
        | Error::ResourceNotFound
        | Error::UnsupportedFeature
        | Error::InternalClientError
        | Error::DeadlineExceeded
        | Error::InitializationError(_)
        | Error::IllegalStateError(_)
        | Error::WrongExpectedVersion { .. } => error.to_string(),
    }
}
