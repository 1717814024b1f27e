//! What is under way while a password is set anew ends with the old one.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use credit_ledger::{
    clock::Generator,
    identity::{
        mail::{Folder, Outbox, Texts},
        passwords::{Cost, Passwords},
        users::{Login, Origin, Parts, UserError, Users},
        vault::{Kind, Shelf, VaultError},
    },
};
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    meddling::{Meddling, Step},
    world::{PASSWORD, World},
};

const EMAIL: &str = "ann@mail.example";
const NEW: &str = "another horse battery";

fn origin() -> Origin {
    Origin { address: Ipv4Addr::LOCALHOST.into(), agent: "".into() }
}

/// Ann, whose mail has a link to a new password.
async fn forgotten() -> (World, String) {
    let world = World::new().await;
    world.user(EMAIL).await;
    world.anyone().post("/auth/password/reset", &json!({ "email": EMAIL })).await.expect(202);
    let token = world.token(EMAIL).await;
    (world, token)
}

/// Ann opens the link.
fn reset(world: &World, token: &str) -> BoxFuture<'static, ()> {
    let (users, clock, token) =
        (world.app.ledger.auth.users.clone(), Arc::clone(&world.app.clock), token.to_owned());
    async move {
        clock.advance(Duration::from_millis(5));
        users.reset_password(&token, NEW, &origin()).await.expect("set anew");
        clock.advance(Duration::from_millis(5));
    }
    .boxed()
}

/// The same users, for whom something happens at a step.
fn meddled(world: &World, cost: Cost, at: (Step, u32), happens: BoxFuture<'static, ()>) -> Users {
    let ledger = &world.app.ledger;
    let auth = &ledger.auth;
    let vault = Meddling::new(auth.shelf.vault(), at, happens);
    let folder = Box::new(Folder::new(&world.app.mail_folder()));
    Users::new(Parts {
        identity: ledger.identity.clone(),
        commands: Arc::clone(&ledger.commands),
        shelf: Shelf::new(Arc::new(vault)),
        trail: auth.trail.clone(),
        tokens: auth.tokens.clone(),
        passwords: Passwords::new(cost, Box::new(Generator::from_seed(7))).expect("a cost"),
        outbox: Outbox::new(folder, world.app.clock.clone(), CancellationToken::new()),
        texts: Texts::new("no-reply@ledger.example", "ledger.example").expect("a sender"),
        public_url: auth.issuer().into(),
        clock: world.app.clock.clone(),
    })
}

async fn is_ended(world: &World, login: &Login) {
    world.bearer(&login.access_token).get("/auth/me").await.problem(401, "unauthenticated");
    let refresh = world.anyone().post("/auth/refresh", &json!({ "refresh_token": *login.refresh_token }));
    refresh.await.problem(401, "invalid-credentials");
}

/// Only the new password is right, and nobody is signed in.
async fn is_anns_alone(world: &World) {
    let users = &world.app.ledger.auth.users;
    let ann = world.owner(EMAIL).await;
    assert!(users.sessions(ann).await.expect("a list").is_empty());
    let old = users.login(EMAIL, PASSWORD, &origin()).await;
    assert!(matches!(old, Err(UserError::InvalidCredentials)), "{old:?}");
    world.app.clock.advance(Duration::from_millis(2));
    let next = world.login(EMAIL, NEW).await;
    world.bearer(&next.access).get("/auth/me").await.expect(200);
}

/// The old password was compared, and its login waits for its turn, when the new one is set.
#[tokio::test]
async fn a_login_with_the_old_password_does_not_outlive_a_reset() {
    let (world, token) = forgotten().await;
    let at = (Step::Written(Kind::Session), 1);
    let users = meddled(&world, Cost::STANDARD, at, reset(&world, &token));
    let login = users.login(EMAIL, PASSWORD, &origin()).await;
    assert!(matches!(login, Err(UserError::InvalidCredentials)), "{login:?}");
    let noted = world.activity().await;
    assert_eq!(noted[0], "sign_in refused password changed meanwhile", "{noted:?}");
    assert!(!noted.contains(&"sign_in done password".to_owned()), "{noted:?}");
    is_anns_alone(&world).await;
}

/// The session is there and was looked at again, and its token is made after the reset.
#[tokio::test]
async fn a_token_of_such_a_login_ends_too() {
    let (world, token) = forgotten().await;
    let at = (Step::Read(Kind::Password), 2);
    let users = meddled(&world, Cost::STANDARD, at, reset(&world, &token));
    let login = users.login(EMAIL, PASSWORD, &origin()).await.expect("before the reset");
    is_ended(&world, &login).await;
    is_anns_alone(&world).await;
}

/// A login comes after the fact that the password is another one, and before the row.
#[tokio::test]
async fn a_login_in_the_middle_of_a_reset_ends_with_it() {
    let (world, token) = forgotten().await;
    let (real, clock) = (world.app.ledger.auth.users.clone(), Arc::clone(&world.app.clock));
    let (tell, told) = tokio::sync::oneshot::channel();
    let signs_in = async move {
        clock.advance(Duration::from_millis(5));
        let login = real.login(EMAIL, PASSWORD, &origin()).await.expect("the old one still");
        tell.send(login).expect("somebody waits");
    };
    let at = (Step::Written(Kind::Password), 1);
    let users = meddled(&world, Cost::STANDARD, at, signs_in.boxed());
    users.reset_password(&token, NEW, &origin()).await.expect("set anew");
    is_ended(&world, &told.await.expect("a login")).await;
    is_anns_alone(&world).await;
}

/// Whoever knows the old password changes it while its owner sets another one by mail.
#[tokio::test]
async fn a_change_by_the_old_password_does_not_undo_a_reset() {
    let (world, token) = forgotten().await;
    let ann = world.owner(EMAIL).await;
    let at = (Step::Written(Kind::Password), 1);
    let users = meddled(&world, Cost::STANDARD, at, reset(&world, &token));
    let changed = users.change_password(ann, PASSWORD, "the attacker's own", &origin()).await;
    assert!(matches!(changed, Err(UserError::Vault(VaultError::Conflict))), "{changed:?}");
    is_anns_alone(&world).await;
}

/// The old password is hashed anew at another cost, by a login, while another one is set.
#[tokio::test]
async fn a_password_that_is_hashed_anew_does_not_come_back() {
    let (world, token) = forgotten().await;
    let at = (Step::Written(Kind::Password), 1);
    let users = meddled(&world, Cost::LEAST, at, reset(&world, &token));
    let login = users.login(EMAIL, PASSWORD, &origin()).await;
    assert!(matches!(login, Err(UserError::InvalidCredentials)), "{login:?}");
    is_anns_alone(&world).await;
    // Where nothing happens meanwhile, it is kept at that cost, and signs in.
    let kept = async |cost| {
        let id = world.owner(EMAIL).await.to_string();
        let users = meddled(&world, cost, (Step::Read(Kind::Group), 1), async {}.boxed());
        users.login(EMAIL, NEW, &origin()).await.expect("signed in");
        let row = world.app.ledger.auth.shelf.vault().get(Kind::Password, &id, events::Time::from_micros(0));
        row.await.expect("a vault").expect("a password").body
    };
    assert!(kept(Cost::LEAST).await.contains("m=8,t=1"));
    assert!(kept(Cost::STANDARD).await.contains("m=19456,t=2"));
}
