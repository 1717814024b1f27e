use std::{collections::HashSet, sync::Arc};

use events::{AuthEvent, CommandId, Event, LedgerId, Position, Recorded, decode};
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::*;
use crate::{
    clock::{Generator, SystemClock},
    engine::{self, ColdError, ColdState, Loaded, LoadedRules, LoadedTimers, Parts, Timer, Wanted},
    log::{Log, Recent, memory::MemoryLog},
    read::IdentityRows,
};

/// Projections that have applied nothing yet.
struct NothingYet(watch::Sender<Position>);

impl ColdState for NothingYet {
    fn may_know(&self, _: CommandId) -> bool {
        false
    }
    fn load(&self, _: Wanted) -> BoxFuture<'_, Result<Loaded, ColdError>> {
        async { Ok(Loaded::default()) }.boxed()
    }
    fn rules(&self) -> BoxFuture<'_, Result<LoadedRules, ColdError>> {
        async { Ok(LoadedRules::default()) }.boxed()
    }
    fn timers(&self, _: Timer, _: usize) -> BoxFuture<'_, Result<LoadedTimers, ColdError>> {
        async { Ok(LoadedTimers::default()) }.boxed()
    }
    fn checkpoint(&self) -> watch::Receiver<Position> {
        self.0.subscribe()
    }
}

pub(super) struct World {
    log: Arc<MemoryLog>,
    commands: Arc<dyn Commands>,
    pub(super) identity: Identity,
}

const PEPPER: [u8; 32] = [7; 32];

pub(super) async fn world() -> World {
    let log = Arc::new(MemoryLog::new());
    let parts = Parts {
        log: log.clone(),
        recent: Arc::new(Recent::new(0)),
        cold: Arc::new(NothingYet(watch::Sender::new(Position(0)))),
        clock: Arc::new(SystemClock::new()),
        entropy: Box::new(Generator::from_seed(1)),
        options: engine::Options::default(),
    };
    let ledger = LedgerId(Uuid::from_u128(1));
    let running = engine::start(ledger, parts, CancellationToken::new(), |_| {}).await.expect("an engine");
    let commands: Arc<dyn Commands> = Arc::new(running.engine);
    let identity = identity(commands.clone(), PEPPER);
    identity.ensure_default_organization().await.expect("an organization");
    World { log, commands, identity }
}

fn identity(commands: Arc<dyn Commands>, pepper: [u8; 32]) -> Identity {
    let entropy = Box::new(Generator::from_seed(2));
    Identity::new(Pepper::from_bytes(&pepper), IdentityRows::default(), commands, entropy)
}

impl World {
    /// Another directory of the same ledger, which knows nothing yet.
    pub(super) fn another(&self) -> Identity {
        identity(self.commands.clone(), PEPPER)
    }

    /// The stored bytes of all events.
    pub(super) async fn log_text(&self) -> String {
        let page = self.log.read(Position(0), 1_000).await.expect("a page");
        page.iter().map(|(_, body)| String::from_utf8_lossy(body).into_owned()).collect()
    }

    pub(super) async fn app(&self, name: &str) -> App {
        let org = self.identity.organization_by_name(DEFAULT_ORGANIZATION).expect("the organization").id;
        self.identity.register_app(org, name, None).await.expect("an app")
    }

    pub(super) async fn facts(&self) -> Vec<Recorded> {
        let page = self.log.read(Position(0), 1_000).await.expect("a page");
        page.iter().map(|(_, body)| decode(body).expect("an event")).collect()
    }
}

fn deduct() -> Scopes {
    [Scope::CreditsDeduct].into_iter().collect()
}

#[tokio::test]
async fn a_key_opens_what_it_was_issued_for() {
    let world = world().await;
    let app = world.app("chat").await;
    let issued = world.identity.issue_key(app.id, deduct(), Some("operator".into())).await.expect("a key");
    let caller = world.identity.authenticate(issued.secret.expose(), Time::default()).expect("a caller");
    assert_eq!((caller.org, caller.app()), (app.org, Some(app.id)));
    assert_eq!(caller.principal, Principal::App { app: app.id, key: issued.key });
    assert!(
        caller.may(Scope::CreditsDeduct) && !caller.may(Scope::CreditsGrant) && !caller.may(Scope::Admin)
    );
    assert_eq!(caller.actor(), None);
    let key = world.identity.key(issued.key).expect("the key");
    assert_eq!(world.identity.keys(app.id), [key]);
}

#[tokio::test]
async fn any_change_to_a_secret_makes_it_worthless() {
    let world = world().await;
    let app = world.app("chat").await;
    let issued = world.identity.issue_key(app.id, Scopes::ADMIN, None).await.expect("a key");
    let token = world.identity.issue_operator_token();
    for good in [issued.secret.expose(), token.expose()] {
        assert!(world.identity.authenticate(good, Time::default()).is_some());
        for index in 0..good.len() {
            let (before, rest) = good.split_at(index);
            let (this, after) = rest.split_at(1);
            assert!(world.identity.authenticate(before, Time::default()).is_none(), "cut at {index}");
            assert!(
                world.identity.authenticate(rest, Time::default()).is_none() || index == 0,
                "from {index}"
            );
            for other in ["a", "B", "0", "_", "-", "=", " "].into_iter().filter(|other| *other != this) {
                let wrong = format!("{before}{other}{after}");
                assert!(world.identity.authenticate(&wrong, Time::default()).is_none(), "{index}: {other}");
            }
        }
        for wrong in [format!("{good}a"), format!(" {good}"), format!("{good}\n"), good.to_lowercase()] {
            assert!(world.identity.authenticate(&wrong, Time::default()).is_none(), "{wrong}");
        }
    }
}

#[tokio::test]
async fn another_key_s_secret_or_another_pepper_opens_nothing() {
    let world = world().await;
    let app = world.app("chat").await;
    let one = world.identity.issue_key(app.id, deduct(), None).await.expect("a key").secret;
    let two = world.identity.issue_key(app.id, deduct(), None).await.expect("a key").secret;
    let crossed = format!("{}{}", &one.expose()[..37], &two.expose()[37..]);
    assert!(world.identity.authenticate(&crossed, Time::default()).is_none());
    let elsewhere = identity(world.commands.clone(), [8; 32]);
    elsewhere.apply_all(&world.facts().await);
    assert!(elsewhere.authenticate(one.expose(), Time::default()).is_none());
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once_and_for_ever() {
    let world = world().await;
    let app = world.app("chat").await;
    let issued = world.identity.issue_key(app.id, deduct(), None).await.expect("a key");
    let other = world.identity.issue_key(app.id, deduct(), None).await.expect("a key");
    world.identity.revoke_key(issued.key, Some("operator".into())).await.expect("revoked");
    assert!(world.identity.authenticate(issued.secret.expose(), Time::default()).is_none());
    assert!(world.identity.authenticate(other.secret.expose(), Time::default()).is_some());
    let recorded = world.facts().await.len();
    world.identity.revoke_key(issued.key, None).await.expect("revoked before");
    let facts = world.facts().await;
    assert_eq!(facts.len(), recorded, "a second revocation is no second fact");
    // Replayed from the first event, in one go and one by one, it is as before.
    let replayed = identity(world.commands.clone(), PEPPER);
    replayed.apply_all(&facts);
    facts.iter().for_each(|fact| replayed.apply(fact));
    assert_eq!(replayed.keys(app.id), world.identity.keys(app.id));
    assert!(replayed.authenticate(issued.secret.expose(), Time::default()).is_none());
    assert!(replayed.authenticate(other.secret.expose(), Time::default()).is_some());
    let missing = world.identity.revoke_key(KeyId(Uuid::nil()), None).await;
    assert!(matches!(missing, Err(IdentityError::NotFound)));
}

#[tokio::test]
async fn the_operator_may_do_everything_until_the_next_token() {
    let world = world().await;
    let first = world.identity.issue_operator_token();
    let caller = world.identity.authenticate(first.expose(), Time::default()).expect("the operator");
    assert_eq!((caller.principal, caller.app()), (Principal::Operator, None));
    assert_eq!(caller.actor().as_deref(), Some("operator"));
    assert!(
        Scope::ALL.into_iter().all(|scope| caller.may(scope) != scope.is_oidc()),
        "it is nobody in person"
    );
    let second = world.identity.issue_operator_token();
    assert!(world.identity.authenticate(first.expose(), Time::default()).is_none());
    assert!(world.identity.authenticate(second.expose(), Time::default()).is_some());
}

#[tokio::test]
async fn names_are_checked_and_unique_where_they_must_be() {
    let world = world().await;
    let app = world.app("chat").await;
    let other = world.identity.register_organization("other", None).await.expect("an organization");
    assert!(world.identity.register_app(other.id, "chat", None).await.is_ok(), "in another organization");
    let taken = world.identity.register_app(app.org, "chat", None).await;
    assert!(matches!(taken, Err(IdentityError::NameTaken)));
    let taken = world.identity.register_organization("other", None).await;
    assert!(matches!(taken, Err(IdentityError::NameTaken)));
    let bad = world.identity.register_app(app.org, "a/b", None).await;
    assert!(matches!(bad, Err(IdentityError::BadName)));
    let nowhere = world.identity.register_app(OrgId(Uuid::nil()), "chat", None).await;
    assert!(matches!(nowhere, Err(IdentityError::NotFound)));
    let nothing = world.identity.issue_key(app.id, Scopes::NONE, None).await;
    assert!(matches!(nothing, Err(IdentityError::BadScope)));
    let names: Vec<_> = world.identity.organizations().into_iter().map(|o| o.name).collect();
    assert_eq!(names, ["default".into(), "other".into()]);
}

#[tokio::test]
async fn of_many_who_want_a_name_at_once_one_gets_it() {
    let world = world().await;
    let org = world.identity.ensure_default_organization().await.expect("an organization").id;
    let attempts = (0..16).map(|_| world.identity.register_app(org, "chat", None));
    let results = futures::future::join_all(attempts).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(world.identity.apps(org).len(), 1);
}

#[tokio::test]
async fn a_change_is_finished_when_nobody_waits_for_it() {
    let world = world().await;
    let org = world.identity.ensure_default_organization().await.expect("an organization").id;
    // Polled once, then dropped, as a handler is whose client went away.
    assert!(world.identity.register_app(org, "left", None).now_or_never().is_none());
    // Changes take turns, so this one comes after it.
    world.identity.register_app(org, "stayed", None).await.expect("an app");
    let names: HashSet<_> = world.identity.apps(org).into_iter().map(|app| app.name).collect();
    assert_eq!(names, HashSet::from(["left".into(), "stayed".into()]));
}

#[tokio::test]
async fn facts_say_who_did_what_and_hold_no_secret() {
    let world = world().await;
    let app = world.app("chat").await;
    let issued = world.identity.issue_key(app.id, deduct(), Some("operator".into())).await.expect("a key");
    let page = world.log.read(Position(0), 1_000).await.expect("a page");
    let secret = &issued.secret.expose()[37..];
    assert!(page.iter().all(|(_, body)| !String::from_utf8_lossy(body).contains(secret)));
    let facts = world.facts().await;
    let fact = facts.last().expect("a fact");
    assert!(
        matches!(&fact.event, Event::Auth(AuthEvent::ApiKeyIssued(e)) if e.key == issued.key && e.app == app.id)
    );
    assert_eq!((fact.envelope.org, fact.envelope.actor.as_deref()), (Some(app.org), Some("operator")));
    assert!(!format!("{issued:?} {:?}", world.identity).contains(secret));
}
