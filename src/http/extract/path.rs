//! What a path names. Ids consist of characters that are never percent-encoded, so they are taken
//! from the path as it came.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use events::WalletId;

use super::{Text, charge::SERVICE_CHARS_MAX, short_text};
use crate::http::{app::Shared, problem::Problem};

/// The wallet in `/v1/wallets/{wallet}/…`.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct WalletPath(pub(in crate::http) WalletId);

impl FromRequestParts<Shared> for WalletPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let segments = parts.uri.path().split('/').skip(1);
        let wallet = segments.skip_while(|segment| !matches!(*segment, "wallets" | "echo")).nth(1);
        let parsed = wallet.and_then(|wallet| wallet.parse().ok());
        parsed.map(Self).ok_or_else(|| Problem::bad_request("the wallet id in the path is no UUID"))
    }
}

/// The service in `/v1/prices/{service}`: any text, so it is percent-encoded.
#[derive(Debug)]
pub(in crate::http) struct ServicePath(pub(in crate::http) Box<str>);

impl FromRequestParts<Shared> for ServicePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let Path(service) = Path::<String>::from_request_parts(parts, shared)
            .await
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        short_text("service", &Text::from(service.as_str()), SERVICE_CHARS_MAX).map(Self)
    }
}

/// The id in `/v1/{things}/{id}/…` and in `/v1/wallets/{wallet}/{things}/{id}`, as it came.
#[derive(Debug)]
pub(in crate::http) struct Named(pub(in crate::http) Box<str>);

impl FromRequestParts<Shared> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        Ok(Self(id(parts.uri.path()).into()))
    }
}

fn id(path: &str) -> &str {
    let mut segments = path.split('/').skip(2);
    let things = segments.next();
    let id = segments.next().unwrap_or_default();
    if things == Some("wallets") { segments.nth(1).unwrap_or_default() } else { id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_stands_behind_the_name_of_its_kind() {
        assert_eq!(id("/v1/deductions/ded_1_2"), "ded_1_2");
        assert_eq!(id("/v1/deductions/ded_1_2/rollbacks"), "ded_1_2");
        assert_eq!(id("/v1/wallets/w/deductions/ded_1_2"), "ded_1_2");
        assert_eq!(id("/v1/apps/a/keys"), "a");
        assert_eq!(id("/v1/apps"), "");
    }
}
