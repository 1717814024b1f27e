//! A node: the store's protocol, spoken over gRPC.
#![expect(clippy::result_large_err, reason = "it is tonic's own error")]

use std::{convert::Infallible, sync::Arc};

use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tonic::{
    Request, Response, Status, Streaming, body::Body, codec::ProstCodec, codegen::http,
    metadata::MetadataMap, server::Grpc,
};
use tower::service_fn;

use super::{
    Cluster, Fault,
    proto::{
        AppendContent, AppendReq, AppendResp, AppendResult, ClusterInfo, EndPoint, Expected, From,
        MemberInfo, Proposed, ReadContent, ReadEvent, ReadOptions, ReadReq, ReadResp, Recorded,
        StreamIdentifier, StreamNotFound, Success, SupportedMethods, WrongExpectedVersion,
    },
    store::{Appended, Stream},
};

const LEADER: i32 = 8;
const FOLLOWER: i32 = 6;
const BACKWARDS: i32 = 1;

type Answer<T> = Result<Response<T>, Status>;

/// One node, by its number.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) cluster: Arc<Cluster>,
    pub(super) number: usize,
}

impl tower::Service<http::Request<Body>> for Node {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let node = self.clone();
        async move { Ok(node.answer(request).await) }.boxed()
    }
}

impl Node {
    async fn answer(self, request: http::Request<Body>) -> http::Response<Body> {
        match request.uri().path() {
            "/event_store.client.streams.Streams/Append" => {
                let call = service_fn(|request| self.clone().append(request).boxed());
                Grpc::new(ProstCodec::default()).client_streaming(call, request).await
            }
            "/event_store.client.streams.Streams/Read" => {
                let call = service_fn(|request| self.clone().read(request).boxed());
                Grpc::new(ProstCodec::default()).server_streaming(call, request).await
            }
            "/event_store.client.gossip.Gossip/Read" => {
                let call = service_fn(async |_: Request<()>| Ok(Response::new(self.gossip())));
                Grpc::new(ProstCodec::default()).unary(call, request).await
            }
            "/event_store.client.server_features.ServerFeatures/GetSupportedMethods" => {
                let version = SupportedMethods { event_store_server_version: "23.10.8".to_owned() };
                let call = service_fn(async |_: Request<()>| Ok(Response::new(version.clone())));
                Grpc::new(ProstCodec::default()).unary(call, request).await
            }
            _ => Status::unimplemented("not played here").into_http(),
        }
    }

    async fn append(self, request: Request<Streaming<AppendReq>>) -> Answer<AppendResp> {
        let headers = request.metadata().clone();
        let mut messages = request.into_inner();
        let Some(AppendReq { content: Some(AppendContent::Options(options)) }) = messages.message().await?
        else {
            return Err(Status::unknown("options come first"));
        };
        let mut group = Vec::new();
        while let Some(message) = messages.message().await? {
            let Some(AppendContent::Proposed(event)) = message.content else {
                return Err(Status::unknown("only events follow"));
            };
            group.push(event);
        }
        self.must_lead(&headers)?;
        let name = name(options.stream);
        let expected = options.expected.ok_or_else(|| Status::invalid_argument("no expected revision"))?;
        self.append_with_faults(&name, expected, group).await
    }

    async fn append_with_faults(
        &self,
        name: &str,
        expected: Expected,
        group: Vec<Proposed>,
    ) -> Answer<AppendResp> {
        if let Some((expected, late)) = self.cluster.late() {
            self.cluster.streams().append(name, expected, late);
        }
        let write = |group| self.cluster.streams().append(name, expected, group);
        match self.cluster.fault() {
            None => told(expected, &write(group)),
            Some(Fault::LostAnswer) => {
                write(group);
                self.cut().await
            }
            Some(Fault::LostAnswerAndClosed) => {
                write(group);
                self.cluster.wire(self.number).close();
                std::future::pending().await
            }
            Some(Fault::LostRequest) => self.cut().await,
            Some(Fault::LateRequest) => {
                self.cluster.set_late(expected, group);
                self.cut().await
            }
            Some(Fault::TimedOut) => {
                write(group);
                Err(Status::aborted("Operation timed out: commit"))
            }
            Some(Fault::Silence) => {
                write(group);
                std::future::pending().await
            }
            Some(Fault::NotReady) => Err(Status::unavailable("Server Is Not Ready")),
            Some(Fault::Denied) => Err(Status::permission_denied("Access Denied")),
        }
    }

    /// Loses this connection and takes others.
    async fn cut<T>(&self) -> T {
        let node = self.clone();
        // What answers a request ends with its connection.
        tokio::spawn(async move {
            let wire = node.cluster.wire(node.number);
            wire.close();
            wire.open().await;
        });
        std::future::pending().await
    }

    async fn read(self, request: Request<ReadReq>) -> Answer<BoxStream<'static, Result<ReadResp, Status>>> {
        self.must_lead(request.metadata())?;
        if self.cluster.reads_stall() {
            return std::future::pending().await;
        }
        let options = request.into_inner().options.ok_or_else(|| Status::invalid_argument("no options"))?;
        let messages = if self.cluster.read_ends_early() {
            Vec::new()
        } else {
            let name = name(options.stream.as_ref().and_then(|stream| stream.stream.clone()));
            contents(self.cluster.streams().of(&name), &name, &options)?
        };
        let messages = messages.into_iter().map(|content| Ok(ReadResp { content: Some(content) }));
        Ok(Response::new(stream::iter(messages.collect::<Vec<_>>()).boxed()))
    }

    fn must_lead(&self, headers: &MetadataMap) -> Result<(), Status> {
        let leader = self.cluster.leader();
        if leader == self.number || headers.get("requires-leader").is_none() {
            return Ok(());
        }
        let mut told = MetadataMap::new();
        let port = self.cluster.wire(leader).port().to_string();
        for (key, value) in [
            ("exception", "not-leader"),
            ("leader-endpoint-host", "127.0.0.1"),
            ("leader-endpoint-port", &port),
        ] {
            told.insert(key, value.parse().expect("a header"));
        }
        Err(Status::with_metadata(tonic::Code::NotFound, "Leader info available", told))
    }

    fn gossip(&self) -> ClusterInfo {
        let members = (0..self.cluster.nodes()).map(|number| MemberInfo {
            state: if number == self.cluster.leader() { LEADER } else { FOLLOWER },
            is_alive: true,
            http_end_point: Some(EndPoint {
                address: "127.0.0.1".to_owned(),
                port: self.cluster.wire(number).port().into(),
            }),
        });
        ClusterInfo { members: members.collect() }
    }
}

fn name(stream: Option<StreamIdentifier>) -> String {
    String::from_utf8(stream.unwrap_or_default().stream_name).expect("a name in UTF-8")
}

fn deleted() -> Status {
    let mut told = MetadataMap::new();
    told.insert("exception", "stream-deleted".parse().expect("a header"));
    Status::with_metadata(tonic::Code::FailedPrecondition, "Event stream is deleted.", told)
}

fn told(expected: Expected, appended: &Appended) -> Answer<AppendResp> {
    let result = match appended {
        Appended::At(last) => {
            AppendResult::Success(Success { current_revision: Some(*last), no_position: Some(()) })
        }
        Appended::WrongExpected(current) => AppendResult::WrongExpectedVersion(WrongExpectedVersion {
            current_revision: *current,
            current_no_stream: current.is_none().then_some(()),
            expected_revision: match expected {
                Expected::Revision(revision) => Some(revision),
                Expected::NoStream(()) | Expected::Any(()) | Expected::StreamExists(()) => None,
            },
            expected_no_stream: matches!(expected, Expected::NoStream(())).then_some(()),
        }),
        Appended::Tombstone => return Err(deleted()),
        Appended::TooLarge => {
            return Err(Status::invalid_argument("Maximum Append Size of 1048576 Exceeded."));
        }
        Appended::Malformed(what) => return Err(Status::invalid_argument(*what)),
    };
    Ok(Response::new(AppendResp { result: Some(result) }))
}

/// What a read of a stream is told.
fn contents(stream: &Stream, name: &str, options: &ReadOptions) -> Result<Vec<ReadContent>, Status> {
    if stream.tombstone {
        return Err(deleted());
    }
    let identifier = Some(StreamIdentifier { stream_name: name.as_bytes().to_vec() });
    let Some(last) = stream.last().filter(|_| !stream.deleted) else {
        return Ok(vec![ReadContent::StreamNotFound(StreamNotFound { stream: identifier })]);
    };
    let count = usize::try_from(options.count.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let from = options.stream.as_ref().and_then(|stream| stream.from);
    let revisions: Vec<u64> = if options.direction == BACKWARDS {
        (stream.first..=last).rev().take(count).collect()
    } else {
        let from = match from {
            Some(From::Revision(from)) => from,
            Some(From::Start(()) | From::End(())) | None => 0,
        };
        (from.max(stream.first)..=last).take(count).collect()
    };
    let mut contents = Vec::new();
    for revision in revisions {
        let stored = &stream.events[revision as usize];
        let event = Recorded {
            id: stored.id.clone(),
            stream: identifier.clone(),
            revision,
            metadata: stored.metadata.clone(),
            data: stored.data.clone(),
        };
        contents.push(ReadContent::Event(ReadEvent { event: Some(event), no_position: Some(()) }));
    }
    contents.push(ReadContent::Last(last));
    Ok(contents)
}
