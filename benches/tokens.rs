//! Speed of tokens alone: `cargo bench --bench tokens`.
//!
//! One core: access tokens issued a second, verified for the first time, and verified again; and the
//! same by the library `jsonwebtoken`, which parses its key each time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{error::Error, sync::Arc};

use credit_ledger::{
    clock::{Clock, Generator, SystemClock},
    identity::{
        Scope,
        tokens::{AccessGrant, Claims, MemoryKeys, PrivateKey, TokenSettings, Tokens, Whose},
    },
};
use events::{OrgId, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::JwkSet};
use uuid::Uuid;

/// The allocator of the service's binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ISSUER: &str = "https://credits.example";
/// More than are verified in the time, so that none comes twice.
const TOKENS: usize = 20_000;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// Does the work so often and prints how often that is in a second.
fn measure(name: &str, count: usize, mut work: impl FnMut(usize) -> Outcome) -> Outcome {
    let started = now();
    (0..count).try_for_each(&mut work)?;
    let nanos = now().duration_since(started).as_nanos().max(1);
    println!("{name:<28} {:>9}/s", count as u128 * 1_000_000_000 / nanos);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let (clock, entropy) = (SystemClock::new(), Box::new(Generator::from_system()));
    let (settings, store) = (TokenSettings::at(ISSUER), Arc::new(MemoryKeys::default()));
    let tokens = Tokens::open(settings, store, PrivateKey::generate, entropy, clock.now()).await?;
    let whose =
        Whose::User { user: UserId(Uuid::from_u128(1)), session: None, roles: Vec::new(), auth_time: None };
    let grant = AccessGrant {
        whose,
        org: OrgId(Uuid::from_u128(2)),
        client_id: "chat-app".into(),
        app: None,
        scopes: [Scope::CreditsCheck, Scope::CreditsDeduct].into_iter().collect(),
        audience: Vec::new(),
        domain: None,
    };
    let mut issued = Vec::with_capacity(TOKENS);
    measure("issue", TOKENS, |_| {
        issued.push(tokens.issue_access(&grant, clock.now())?.0);
        Ok(())
    })?;
    let verify = |index: usize| {
        tokens.verify_access(&issued[index], clock.now())?;
        Ok(())
    };
    measure("verify, the first time", TOKENS, verify)?;
    measure("verify, again", 1_000_000, |_| verify(0))?;
    let keys: JwkSet = serde_json::from_str(&tokens.jwks())?;
    let key = DecodingKey::from_jwk(keys.keys.first().ok_or("no key")?)?;
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[ISSUER]);
    measure("jsonwebtoken verifies", TOKENS, |index| {
        decode::<Claims>(&issued[index], &key, &rules)?;
        Ok(())
    })
}
