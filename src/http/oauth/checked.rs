//! An authorization request whose client and redirect URI are verified: from here on answers, errors as
//! well, go to the client. Before that they are shown to the person at the browser.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    http::{
        app::Shared,
        auth::browser::{see_other, site, told},
        pages::{AskingApp, Page, Posted, posted},
    },
    identity::{
        Client, Scopes, User,
        browsers::SignedIn,
        oauth::{
            Agreed, ErrorCode, OauthError,
            authorize::{Asked, Mode, Target, state},
            params::{Params, appended},
            redirect, selection,
            token::{GrantType, audiences},
        },
    },
};

/// Who asks, and where the answer goes.
#[derive(Debug)]
pub(in crate::http) struct Addressed {
    pub(in crate::http) client: Client,
    pub(in crate::http) redirect_uri: String,
    state: Option<String>,
    issuer: Box<str>,
    /// The web origin that the answer is posted to, when it is not sent to the redirect URI.
    opener: Option<Opener>,
}

/// The app's page that opened ours, or that frames it.
#[derive(Debug)]
struct Opener {
    origin: Box<str>,
    /// Nothing is shown, so it may be in a frame.
    silent: bool,
}

impl Opener {
    /// The page is at the origin of the verified redirect URI, which the app has registered.
    fn of(client: &Client, redirect_uri: &str, params: &Params) -> Option<Self> {
        if Mode::parse(params) != Ok(Mode::WebMessage) {
            return None;
        }
        let origin = client.origins.iter().find(|origin| redirect::is_of(redirect_uri, origin))?.clone();
        Some(Self { origin, silent: params.optional("prompt") == Ok(Some("none")) })
    }
}

impl Addressed {
    /// Verifies who asks and where the answer goes.
    pub(in crate::http) fn of(shared: &Shared, params: &Params) -> Result<Self, Page> {
        let refused = |text: &str| told("This sign-in cannot be started", text, StatusCode::BAD_REQUEST);
        let target = Target::parse(params).map_err(|error| refused(&error.description))?;
        let client = shared.identity.client_by_id(target.client_id).filter(|client| !client.disabled);
        let client = client.ok_or_else(|| refused("The app that sent you here is not known."))?;
        let asked = target.redirect_uri;
        if !client.redirect_uris.iter().any(|registered| redirect::matches(registered, asked)) {
            return Err(refused("The app wants to be answered at an address that is not registered for it."));
        }
        let state = state(params).map_err(|error| refused(&error.description))?.map(str::to_owned);
        let issuer = shared.auth.issuer().into();
        let opener = Opener::of(&client, asked, params);
        Ok(Self { redirect_uri: asked.to_owned(), client, state, issuer, opener })
    }

    /// Reads what is asked for, within what the client may ask for.
    pub(in crate::http) fn asked(&self, params: &Params) -> Result<(Asked, Scopes), OauthError> {
        let grant = GrantType::AuthorizationCode.as_str();
        if !self.client.grants.iter().any(|known| **known == *grant) {
            return Err(OauthError::new(ErrorCode::UnauthorizedClient, "the client may not use this grant"));
        }
        let asked = Asked::parse(params)?;
        if asked.mode == Mode::WebMessage && self.opener.is_none() {
            let text = "with web_message redirect_uri is at one of the client's registered origins";
            return Err(OauthError::request(text));
        }
        let scopes = selection::select(asked.scope.as_deref(), self.client.scopes)?;
        Ok((asked, scopes))
    }

    /// Refuses resources that are none of the client's.
    pub(in crate::http) fn must_serve(&self, shared: &Shared, asked: &Asked) -> Result<(), OauthError> {
        audiences(&asked.resources, &shared.auth.oauth.audiences(&self.client)).map(drop)
    }

    /// Whoever is signed in, if the app wants anybody or this user: with an `id_token_hint` nobody else is
    /// answered for (OpenID Connect Core section 3.1.2.2).
    pub(in crate::http) fn hinted<'a>(
        shared: &Shared,
        asked: &Asked,
        signed_in: Option<&'a SignedIn>,
    ) -> Result<Option<&'a SignedIn>, OauthError> {
        let Some(hint) = asked.id_token_hint.as_deref() else { return Ok(signed_in) };
        let hint = shared.auth.tokens.read_id(hint);
        let hint = hint.map_err(|_| OauthError::request("id_token_hint is no ID token of this issuer"))?;
        let other = signed_in.is_some_and(|signed_in| signed_in.user.id != hint.sub);
        if other && asked.was_signed_in {
            let text = "somebody else than id_token_hint names is signed in";
            return Err(OauthError::new(ErrorCode::LoginRequired, text));
        }
        Ok(signed_in.filter(|_| !other))
    }

    /// Refuses a user of another organization: the app's things are not there for it.
    pub(in crate::http) fn must_be_of(&self, user: &User) -> Result<(), OauthError> {
        if user.org == self.client.org {
            return Ok(());
        }
        Err(OauthError::new(ErrorCode::AccessDenied, "the account is of another organization"))
    }

    /// Tells the client what went wrong.
    pub(in crate::http) fn fail(&self, error: &OauthError) -> Response {
        let params = Params::default().with("error", error.code.as_str());
        self.answer(params.with("error_description", &error.description))
    }

    /// Gives the client a code for what the user agreed to.
    pub(in crate::http) async fn succeed(
        &self,
        shared: &Shared,
        asked: Asked,
        scopes: Scopes,
        signed_in: &SignedIn,
    ) -> Response {
        let agreed = Agreed {
            user: signed_in.user.id,
            session: signed_in.session,
            since: signed_in.since,
            scopes,
            redirect_uri: self.redirect_uri.as_str().into(),
            challenge: asked.challenge,
            nonce: asked.nonce,
            resources: asked.resources,
        };
        match shared.auth.oauth.code(&self.client, agreed, shared.clock.now()).await {
            Ok(code) => self.answer(Params::default().with("code", &code)),
            Err(error) => self.fail(&error),
        }
    }

    /// An answer, with the client's state and the issuer (RFC 9207).
    fn answer(&self, params: Params) -> Response {
        let params = match &self.state {
            Some(state) => params.with("state", state),
            None => params,
        };
        let params = params.with("iss", &self.issuer);
        match &self.opener {
            None => see_other(&appended(&self.redirect_uri, &params)),
            Some(Opener { origin, silent }) => {
                let view = Posted { app: self.shown(), origin, silent: *silent, response: &params };
                posted(site(), &view).into_response()
            }
        }
    }

    /// A page that is shown before the answer. If that is posted, the page leaves its opener in reach.
    pub(in crate::http) fn on_the_way(&self, page: Page) -> Page {
        let page = page.leading_to(&self.redirect_uri);
        if self.opener.is_some() { page.that_keeps_its_opener() } else { page }
    }

    /// The client as people see it.
    pub(in crate::http) fn shown(&self) -> AskingApp<'_> {
        shown(&self.client, &self.redirect_uri)
    }
}

/// The app that an authorization request is from, for the page to sign in; none when it would be refused.
pub(in crate::http) fn app_of(shared: &Shared, query: &str) -> Option<Addressed> {
    Addressed::of(shared, &Params::parse(query).ok()?).ok()
}

/// What was agreed to before, as far as the user may agree to it at all.
pub(in crate::http) fn agreed(shared: &Shared, client: &Client, user: &User) -> Scopes {
    let access = shared.identity.access(user.id, client.app);
    access.map_or(Scopes::NONE, |access| access.scopes)
}

fn shown<'a>(client: &'a Client, redirect_uri: &'a str) -> AskingApp<'a> {
    let host = redirect_uri.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or(rest));
    AskingApp { name: &client.display_name, domain: host }
}
