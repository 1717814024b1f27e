//! The `oauth2` crate (version 5) against the server, and this repository's own client crate with the
//! tokens that come of it.

use std::{collections::HashMap, future::Future};

use credit_ledger_client::auth::{ServiceClient, ServiceTokenManager, TokenVerifier};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IntrospectionUrl, PkceCodeChallenge, RedirectUrl, RevocationUrl, Scope, StandardRevocableToken,
    TokenIntrospectionResponse, TokenResponse, TokenUrl, basic::BasicClient,
};
use reqwest::redirect::Policy;
use serde_json::Value;

use super::{REDIRECT, SCOPE, SERVICE_SCOPE, World};
use crate::support::browser::Browser;

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client")
}

/// What the crate sends requests by. The server is on loopback, so https is http.
fn sender()
-> impl Fn(HttpRequest) -> std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send>>
{
    let client = http();
    move |request| {
        let client = client.clone();
        Box::pin(async move {
            let mut request: reqwest::Request = request.try_into()?;
            request.url_mut().set_scheme("http").expect("the other scheme");
            let answer = client.execute(request).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
            (*response.status_mut(), *response.headers_mut()) = (status, headers);
            Ok(response)
        })
    }
}

async fn metadata(issuer: &str) -> Value {
    let url = format!("{issuer}/.well-known/oauth-authorization-server");
    let found = http().get(url).send().await.expect("an answer").json().await.expect("JSON");
    let found: Value = found;
    assert_eq!(found["issuer"], issuer);
    found
}

pub(super) async fn completes(world: &World) {
    let issuer = &world.server.url;
    let metadata = metadata(issuer).await;
    let at = |name: &str| metadata[name].as_str().unwrap_or_else(|| panic!("{name}: {metadata}")).to_owned();
    let client = |id: &str, secret: &str| {
        BasicClient::new(ClientId::new(id.to_owned()))
            .set_client_secret(ClientSecret::new(secret.to_owned()))
            .set_auth_uri(AuthUrl::new(at("authorization_endpoint")).expect("a URL"))
            .set_token_uri(TokenUrl::new(at("token_endpoint")).expect("a URL"))
            .set_introspection_url(IntrospectionUrl::new(at("introspection_endpoint")).expect("a URL"))
            // The crate insists on https here; see `sender`.
            .set_revocation_url(
                RevocationUrl::new(at("revocation_endpoint").replacen("http:", "https:", 1)).expect("a URL"),
            )
            .set_redirect_uri(RedirectUrl::new(REDIRECT.to_owned()).expect("a URL"))
    };
    let web = client(&world.web.id, &world.web.secret);
    let send = sender();

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let scopes = SCOPE.split(' ').map(|scope| Scope::new(scope.to_owned()));
    let (url, state) =
        web.authorize_url(CsrfToken::new_random).add_scopes(scopes).set_pkce_challenge(challenge).url();
    let person = &world.person;
    let back = Browser::default().until(url, REDIRECT, &person.email, &person.password).await;
    let answered: HashMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!(answered["state"], *state.secret());
    assert_eq!(answered["iss"], *issuer, "RFC 9207");
    let code = AuthorizationCode::new(answered["code"].clone());
    let tokens = web.exchange_code(code).set_pkce_verifier(verifier).request_async(&send).await;
    let tokens = tokens.expect("tokens for the code");

    let verifier = TokenVerifier::new(http(), issuer, issuer);
    let claims = verifier.verify(tokens.access_token().secret()).await.expect("a good token");
    assert_eq!(claims.user().map(|user| user.to_string()), Some(person.id.clone()));

    let refresh = tokens.refresh_token().expect("a refresh token");
    let fresh = web.exchange_refresh_token(refresh).request_async(&send).await.expect("fresh tokens");
    let access = fresh.access_token().clone();
    let seen = web.introspect(&access).request_async(&send).await.expect("an introspection");
    assert!(seen.active() && seen.sub() == Some(person.id.as_str()), "{seen:?}");
    let refresh = fresh.refresh_token().expect("the next refresh token").clone();
    for token in [StandardRevocableToken::from(&access), StandardRevocableToken::from(&refresh)] {
        let revocation = web.revoke_token(token).expect("a URL").request_async(&send).await;
        revocation.expect("a revocation");
    }
    let dead = web.exchange_refresh_token(&refresh).request_async(&send).await;
    let dead = format!("{:?}", dead.expect_err("a revoked token"));
    assert!(dead.contains("invalid_grant"), "{dead}");
    let seen = web.introspect(&access).request_async(&send).await.expect("an introspection");
    assert!(!seen.active(), "{seen:?}");

    let service = client(&world.service.id, &world.service.secret);
    let scopes = SERVICE_SCOPE.split(' ').map(|scope| Scope::new(scope.to_owned()));
    let own = service.exchange_client_credentials().add_scopes(scopes).request_async(&send).await;
    let own = own.expect("a service's token");
    assert!(own.refresh_token().is_none());
    own_manager(world, &verifier).await;
}

/// This repository's own: the service's token by its manager, verified by the published keys.
async fn own_manager(world: &World, verifier: &TokenVerifier) {
    let tokens = ServiceTokenManager::new(
        http(),
        ServiceClient {
            id: world.service.id.clone(),
            secret: world.service.secret.clone(),
            token_url: format!("{}/oauth/token", world.server.url),
            scope: SERVICE_SCOPE.to_owned(),
        },
    );
    let token = tokens.token().await.expect("a token");
    let claims = verifier.verify(token.as_str()).await.expect("a good token");
    assert_eq!((claims.user(), claims.sub.as_str()), (None, world.service.id.as_str()));
    assert!(claims.allows("groups:read") && claims.allows("members:read"));
}
