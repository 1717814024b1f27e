//! The HTTP API of a ledger that is opened in this process, called without a socket.

use anyhow::Context as _;
use http_body_util::BodyExt;
use hyper::{Request, header};
use tokio_util::sync::CancellationToken;

use super::{Answer, Ask, HEAD, Missing, NEXT, REPLAYED, number};
use crate::{
    app::{Ledger, Machine},
    cli::{
        failure::{Failure, Outcome},
        imported::open_whole,
        place::Place,
    },
    config::Config,
    http::{Api, HttpOptions},
};

/// An open ledger, and its API.
pub(super) struct Local {
    ledger: Ledger,
    api: Api,
}

impl Local {
    pub(super) async fn open(missing: Missing, config: &Config, machine: &Machine) -> Outcome<Self> {
        let place = Place::of(config, None)?;
        if !place.holds_ledger().await? {
            match missing {
                Missing::Make => eprintln!("note: {place} holds no ledger yet; making one"),
                Missing::Refuse => {
                    let what = "holds no ledger: name the directory of one with --data-dir, or its database";
                    return Err(Failure::Other(anyhow::anyhow!("{place} {what}")));
                }
            }
        }
        let ledger = open_whole(config, machine).await?;
        let api = ledger.api(HttpOptions::default(), None, CancellationToken::new());
        Ok(Self { ledger, api })
    }

    pub(super) async fn send(&self, ask: Ask<'_>, headers: &[(&str, &str)]) -> Outcome<Answer> {
        let token = format!("Bearer {}", self.ledger.operator_token().expose());
        let mut request =
            Request::builder().method(ask.method).uri(ask.path).header(header::AUTHORIZATION, token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match ask.body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                body.to_string()
            }
            None => String::new(),
        };
        let request = request.body(body.into()).context("not a request")?;
        let response = self.api.respond(request).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.context("the answer broke off")?.to_bytes();
        let body = String::from_utf8(body.into()).context("the answer is no text")?;
        let replayed = headers.contains_key(REPLAYED);
        Ok(Answer { status, replayed, next: number(&headers, NEXT), head: number(&headers, HEAD), body })
    }

    pub(super) async fn close(self) -> Outcome {
        Ok(self.ledger.close().await?)
    }
}
