//! Sending a browser to the provider.

use events::{OrgId, Verifier};
use zeroize::Zeroizing;

use super::{
    Desk, SignInError,
    kept::{Away, Goal},
    random,
};
use crate::identity::{
    Client,
    oauth::pkce::Challenge,
    users::Origin,
    vault::{Change, Draft},
};

/// How long a browser may be away.
pub(super) const AWAY_MICROS: i64 = 600 * 1_000_000;
/// The length of a browser's cookie: 32 bytes in base64url.
const COOKIE_CHARS: usize = 43;

/// What a sign-in is for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// A code is to be shown, and carried over to another program.
    Shown,
    /// The front end gets a code.
    Sent {
        /// By what whoever exchanges it will be recognized (RFC 7636, S256).
        challenge: Option<&'a str>,
    },
    /// The browser itself signs in here.
    Browser {
        /// The path of ours where it goes on.
        next: &'a str,
        /// Where an account is made if there is none; else where things belong that belong to no app.
        org: Option<OrgId>,
    },
}

/// A sign-in that begins.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// What it is for.
    pub purpose: Purpose<'a>,
    /// The key of the app that it is for.
    pub return_to: Option<&'a str>,
    /// The cookie that the browser has from a sign-in before.
    pub cookie: Option<&'a str>,
}

/// Where a browser goes, and what it takes along.
pub struct Gone {
    /// The provider's page.
    pub url: String,
    /// The cookie by which the browser is known when it comes back.
    pub cookie: Zeroizing<String>,
}

impl Desk {
    /// Sends a browser to the provider.
    ///
    /// # Errors
    /// [`SignInError::NotSetUp`], [`SignInError::UnknownKey`], [`SignInError::Throttled`], or what is not
    /// available.
    pub async fn begin(&self, begin: Begin<'_>, origin: &Origin) -> Result<Gone, SignInError> {
        let google = self.google()?;
        let monotonic = self.parts().clock.monotonic();
        self.beginnings().admit(origin.address, monotonic)?;
        let app = match begin.return_to {
            Some(key) => Some(self.app_of(key).ok_or(SignInError::UnknownKey)?),
            None => None,
        };
        let goal = self.goal(begin.purpose, app.as_ref(), begin.return_to)?;
        let org = match begin.purpose {
            Purpose::Browser { org, .. } => org,
            Purpose::Shown | Purpose::Sent { .. } => None,
        };
        let org =
            org.or_else(|| self.org_of(app.as_ref().map(|app| app.app))).ok_or(SignInError::NotSetUp)?;
        // One cookie serves several tabs: each has a state of its own.
        let known = begin.cookie.filter(|cookie| is_cookie(cookie)).map(str::to_owned).map(Zeroizing::new);
        let (drawn, fresh) = {
            let mut entropy = self.parts().identity.shared.entropy();
            let drawn: [Zeroizing<String>; 3] = std::array::from_fn(|_| random(&mut **entropy));
            (drawn, random(&mut **entropy))
        };
        let cookie = known.unwrap_or(fresh);
        let departure = google.depart_with(drawn, monotonic).await?;
        let away = Away {
            browser: self.hash("browser at provider", &[&cookie]),
            nonce: departure.nonce,
            pkce: departure.pkce,
            org,
            app: app.map(|app| app.app),
            goal,
            address: origin.address,
            agent: origin.agent.clone(),
        };
        let now = self.now();
        let row = Draft::of(self.state_id(&departure.state), None, Some(now.plus_micros(AWAY_MICROS)), &away);
        self.parts().shelf.commit(vec![Change::Insert(row)], now).await?;
        Self::count("begun");
        Ok(Gone { url: departure.url, cookie })
    }

    fn goal(
        &self,
        purpose: Purpose<'_>,
        app: Option<&Client>,
        key: Option<&str>,
    ) -> Result<Goal, SignInError> {
        Ok(match purpose {
            Purpose::Shown => Goal::Show,
            Purpose::Browser { next, .. } => Goal::Enter { next: next.into() },
            Purpose::Sent { challenge } => {
                let page = self.page_for(app, key).ok_or(SignInError::NoFrontEnd)?;
                let read = |text| Challenge::parse(Some(text), Some("S256"));
                let challenge = challenge.map(read).transpose().map_err(|_| SignInError::BadChallenge)?;
                Goal::Send { page, challenge }
            }
        })
    }

    /// The page that gets the code: what a first-party app has registered under the key, or the front end.
    /// The code is worth a login at the ledger itself, so that other apps never see it.
    fn page_for(&self, app: Option<&Client>, key: Option<&str>) -> Option<Box<str>> {
        let own = app.filter(|app| app.first_party).zip(key).and_then(|(app, key)| app.return_to.get(key));
        own.cloned().or_else(|| self.parts().frontend_url.clone())
    }

    /// The row of a state.
    pub(super) fn state_id(&self, state: &str) -> Box<str> {
        hex(&self.hash("state at provider", &[state]))
    }

    /// The keyed hash of a secret, for this purpose alone.
    pub(super) fn hash(&self, purpose: &str, parts: &[&str]) -> Verifier {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        Verifier(self.parts().identity.shared.pepper.code(purpose, &parts))
    }
}

impl std::fmt::Debug for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gone([redacted])")
    }
}

fn is_cookie(text: &str) -> bool {
    text.len() == COOKIE_CHARS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// A hash as the id of a row.
pub(super) fn hex(hash: &Verifier) -> Box<str> {
    hash.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}
