//! The messages of the store's protocol, as far as they are spoken here: written by hand after the
//! client's `streams.proto`, `shared.proto`, `gossip.proto` and `serverfeatures.proto`.

use std::collections::HashMap;

use prost::{Message, Oneof};

#[derive(Clone, PartialEq, Message)]
pub(super) struct StreamIdentifier {
    #[prost(bytes = "vec", tag = "3")]
    pub(super) stream_name: Vec<u8>,
}

/// Only the form that the client sends; it understands it as well.
#[derive(Clone, PartialEq, Message)]
pub(super) struct EventId {
    #[prost(message, optional, tag = "1")]
    pub(super) structured: Option<Structured>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Structured {
    #[prost(int64, tag = "1")]
    pub(super) high: i64,
    #[prost(int64, tag = "2")]
    pub(super) low: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AppendReq {
    #[prost(oneof = "AppendContent", tags = "1, 2")]
    pub(super) content: Option<AppendContent>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum AppendContent {
    #[prost(message, tag = "1")]
    Options(AppendOptions),
    #[prost(message, tag = "2")]
    Proposed(Proposed),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AppendOptions {
    #[prost(message, optional, tag = "1")]
    pub(super) stream: Option<StreamIdentifier>,
    #[prost(oneof = "Expected", tags = "2, 3, 4, 5")]
    pub(super) expected: Option<Expected>,
}

#[derive(Clone, Copy, PartialEq, Oneof)]
pub(super) enum Expected {
    #[prost(uint64, tag = "2")]
    Revision(u64),
    #[prost(message, tag = "3")]
    NoStream(()),
    #[prost(message, tag = "4")]
    Any(()),
    #[prost(message, tag = "5")]
    StreamExists(()),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Proposed {
    #[prost(message, optional, tag = "1")]
    pub(super) id: Option<EventId>,
    #[prost(map = "string, string", tag = "2")]
    pub(super) metadata: HashMap<String, String>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) custom_metadata: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AppendResp {
    #[prost(oneof = "AppendResult", tags = "1, 2")]
    pub(super) result: Option<AppendResult>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum AppendResult {
    #[prost(message, tag = "1")]
    Success(Success),
    #[prost(message, tag = "2")]
    WrongExpectedVersion(WrongExpectedVersion),
}

/// The position in the store's whole log is left out.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Success {
    #[prost(uint64, optional, tag = "1")]
    pub(super) current_revision: Option<u64>,
    #[prost(message, optional, tag = "4")]
    pub(super) no_position: Option<()>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct WrongExpectedVersion {
    #[prost(uint64, optional, tag = "6")]
    pub(super) current_revision: Option<u64>,
    #[prost(message, optional, tag = "7")]
    pub(super) current_no_stream: Option<()>,
    #[prost(uint64, optional, tag = "8")]
    pub(super) expected_revision: Option<u64>,
    #[prost(message, optional, tag = "11")]
    pub(super) expected_no_stream: Option<()>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReadReq {
    #[prost(message, optional, tag = "1")]
    pub(super) options: Option<ReadOptions>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReadOptions {
    #[prost(message, optional, tag = "1")]
    pub(super) stream: Option<StreamOptions>,
    #[prost(int32, tag = "3")]
    pub(super) direction: i32,
    #[prost(uint64, optional, tag = "5")]
    pub(super) count: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StreamOptions {
    #[prost(message, optional, tag = "1")]
    pub(super) stream: Option<StreamIdentifier>,
    #[prost(oneof = "From", tags = "2, 3, 4")]
    pub(super) from: Option<From>,
}

#[derive(Clone, Copy, PartialEq, Oneof)]
pub(super) enum From {
    #[prost(uint64, tag = "2")]
    Revision(u64),
    #[prost(message, tag = "3")]
    Start(()),
    #[prost(message, tag = "4")]
    End(()),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReadResp {
    #[prost(oneof = "ReadContent", tags = "1, 4, 5, 6")]
    pub(super) content: Option<ReadContent>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum ReadContent {
    #[prost(message, tag = "1")]
    Event(ReadEvent),
    #[prost(message, tag = "4")]
    StreamNotFound(StreamNotFound),
    #[prost(uint64, tag = "5")]
    First(u64),
    #[prost(uint64, tag = "6")]
    Last(u64),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StreamNotFound {
    #[prost(message, optional, tag = "1")]
    pub(super) stream: Option<StreamIdentifier>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReadEvent {
    #[prost(message, optional, tag = "1")]
    pub(super) event: Option<Recorded>,
    #[prost(message, optional, tag = "4")]
    pub(super) no_position: Option<()>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Recorded {
    #[prost(message, optional, tag = "1")]
    pub(super) id: Option<EventId>,
    #[prost(message, optional, tag = "2")]
    pub(super) stream: Option<StreamIdentifier>,
    #[prost(uint64, tag = "3")]
    pub(super) revision: u64,
    #[prost(map = "string, string", tag = "6")]
    pub(super) metadata: HashMap<String, String>,
    #[prost(bytes = "vec", tag = "8")]
    pub(super) data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ClusterInfo {
    #[prost(message, repeated, tag = "1")]
    pub(super) members: Vec<MemberInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MemberInfo {
    #[prost(int32, tag = "3")]
    pub(super) state: i32,
    #[prost(bool, tag = "4")]
    pub(super) is_alive: bool,
    #[prost(message, optional, tag = "5")]
    pub(super) http_end_point: Option<EndPoint>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct EndPoint {
    #[prost(string, tag = "1")]
    pub(super) address: String,
    #[prost(uint32, tag = "2")]
    pub(super) port: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SupportedMethods {
    #[prost(string, tag = "2")]
    pub(super) event_store_server_version: String,
}
