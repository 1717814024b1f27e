//! The two things one can do.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{
        DefaultBodyLimit, Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    middleware,
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Chat,
    caller::Caller,
    correlation::{Correlation, correlate},
    messages::{Draft, Message},
    problem::Problem,
};

const BODY_BYTES_MAX: usize = 64 * 1024;
const CONTENT_CHARACTERS_MAX: usize = 4_000;
const KEY_BYTES_MAX: usize = 100;
const PAGE: u32 = 100;

/// All routes.
pub(crate) fn router(chat: Arc<Chat>) -> Router {
    Router::new()
        .route("/api/chat/groups/{group}/messages", get(list).post(send))
        .route("/healthz", get(async || "ok"))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&chat), correlate))
        .with_state(chat)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    content: String,
    sender_id: Uuid,
}

/// `POST /api/chat/groups/{group}/messages`
async fn send(
    State(chat): State<Arc<Chat>>,
    Extension(correlation): Extension<Correlation>,
    caller: Caller,
    group: Result<Path<Uuid>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Sent>, JsonRejection>,
) -> Result<(StatusCode, Json<Message>), Problem> {
    let Path(group) = group.map_err(|_| Problem::no_group())?;
    let Json(Sent { content, sender_id }) =
        body.map_err(|_| Problem::bad_request("send {\"content\": text, \"sender_id\": your id}"))?;
    if sender_id != caller.user {
        return Err(Problem::forbidden("sender_id must be the user of the token"));
    }
    if content.trim().is_empty() || content.chars().count() > CONTENT_CHARACTERS_MAX {
        return Err(Problem::bad_request("content must have 1 to 4,000 characters"));
    }
    let found = chat.groups.of_member(group, &caller, &correlation).await?;
    let id = (chat.new_id)();
    // Named after the sender and the group, so that nobody meets anybody else's key.
    let charged = match given_key(&headers)? {
        Some(key) => format!("chat:{group}:{}:{key}", caller.user),
        None => format!("chat:{id}"),
    };
    chat.charges.charge(&caller, &charged, &correlation).await?;
    let draft =
        Draft { id, charged: &charged, org_id: found.org_id, group_id: group, sender_id, content: &content };
    Ok((StatusCode::CREATED, Json(chat.store.keep(draft).await?)))
}

fn given_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX);
    key.map(Some).ok_or(Problem::bad_request("Idempotency-Key must have 1 to 100 visible characters"))
}

#[derive(Deserialize)]
struct Page {
    after: Option<Uuid>,
    limit: Option<u32>,
}

/// `GET /api/chat/groups/{group}/messages`
async fn list(
    State(chat): State<Arc<Chat>>,
    Extension(correlation): Extension<Correlation>,
    caller: Caller,
    group: Result<Path<Uuid>, PathRejection>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Path(group) = group.map_err(|_| Problem::no_group())?;
    let Query(Page { after, limit }) =
        page.map_err(|_| Problem::bad_request("after is a message's id, limit a number"))?;
    let found = chat.groups.of_member(group, &caller, &correlation).await?;
    let limit = limit.unwrap_or(PAGE).clamp(1, PAGE);
    let messages = chat.store.messages(found.org_id, group, after, limit).await?;
    Ok(Json(json!({ "messages": messages })))
}
