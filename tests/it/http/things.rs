//! One of each thing that a path can name, and some of those that a request uses up.

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use credit_ledger::identity::Scope;
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::{Answer, Client, TestApp};

/// How many there are of what a request uses up.
const SPARE: usize = 8;

/// What an organization has.
#[derive(Debug, Clone)]
pub(crate) struct Things {
    /// Holds 1,000 credits and more, in two lots.
    pub(crate) wallet: String,
    pub(crate) purchase: String,
    pub(crate) grant: String,
    pub(crate) check: String,
    /// Of 2 credits, of which 0.5 were given back.
    pub(crate) deduction: String,
    pub(crate) rollback: String,
    /// Of 20 credits, of which 1 was captured.
    pub(crate) hold: String,
    pub(crate) capture: String,
    pub(crate) refund: String,
    pub(crate) adjustment: String,
    /// The app that made it all.
    pub(crate) app: String,
    /// A secret of that app as an OAuth client, which nobody uses.
    pub(crate) secret: String,
    /// The key that signs tokens; for operators.
    pub(crate) kid: String,
    /// A key of that app which nobody uses.
    pub(crate) key: String,
    /// More of those.
    pub(crate) keys: Spare,
    /// A group, in which the wallet's user is, if it is a user's.
    pub(crate) group: String,
    /// A user of the organization; none when nothing was stocked.
    pub(crate) user: String,
    /// Open holds of one credit.
    pub(crate) holds: Spare,
    /// Adjustments that another key of the app has proposed.
    pub(crate) proposals: Spare,
    /// Wallets that are not frozen.
    pub(crate) liquid: Spare,
    /// Wallets that are frozen.
    pub(crate) frozen: Spare,
}

/// Things of which each request needs its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spare(Arc<(Vec<String>, AtomicUsize)>);

impl Spare {
    fn of(things: Vec<String>) -> Self {
        Self(Arc::new((things, AtomicUsize::new(0))))
    }

    fn is_stocked(&self) -> bool {
        !self.0.0.is_empty()
    }

    pub(crate) fn next(&self) -> &str {
        let (things, used) = &*self.0;
        things.get(used.fetch_add(1, Ordering::Relaxed)).expect("one more to use up")
    }
}

impl Things {
    /// Makes one of each with a client that may do everything, and nothing to use up.
    pub(crate) async fn made_by(client: &Client) -> Self {
        Self::made_in(client, new_wallet()).await
    }

    /// The same in this wallet, which nobody has opened.
    pub(crate) async fn made_in(client: &Client, wallet: String) -> Self {
        let base = format!("/v1/wallets/{wallet}");
        let purchase = fund(client, &wallet, "1000").await.member("id");
        let grant = client.post(&format!("{base}/grants"), &json!({ "amount": "5" })).key("things");
        let check = client.post(&format!("{base}/checks"), &json!({ "service": "chat", "cost": "1" }));
        let deduction = deduct(client, &wallet, "things", "2").await.expect(201).member("id");
        let rollback =
            client.post(&format!("/v1/deductions/{deduction}/rollbacks"), &json!({ "amount": "0.5" }));
        let own = client.app_id.as_deref().expect("an app").to_owned();
        let key = client.post(&format!("/v1/apps/{own}/keys"), &json!({ "scopes": ["credits:check"] }));
        let (grant, check) = (grant.await.expect(201), check.await.expect(200));
        let rollback = rollback.key("things").await.expect(201).member("id");
        let hold = hold(client, &wallet, "things", "20").await.expect(201).member("id");
        let capture = client.post(&format!("/v1/holds/{hold}/captures"), &json!({ "cost": "1" }));
        let capture = capture.key("things").await.expect(201).member("id");
        let refund = client.post(&format!("/v1/purchases/{purchase}/refunds"), &json!({ "amount": "1" }));
        let refund = refund.key("things").await.expect(201).member("id");
        let adjustment = adjust(client, &wallet, "things", "2").await.expect(201);
        let key = key.await.expect(201).member("key_id");
        let service = json!({ "grants": ["client_credentials"], "scopes": ["credits:check"] });
        client.put(&format!("/v1/apps/{own}/client"), &service).await.expect(200);
        let secret = client.post(&format!("/v1/apps/{own}/secrets"), &json!({})).await.expect(201);
        let group = json!({ "name": format!("group {wallet}") });
        let group = client.post("/api/auth/groups", &group).await.expect(201).member("id");
        // Nobody is added when the wallet is no user's.
        client.post(&format!("/api/auth/groups/{group}/members"), &json!({ "user_id": wallet })).await;
        // From now on every read shows all of it.
        wallet_at(client, &wallet, adjustment.position()).await;
        Self {
            wallet,
            group,
            purchase,
            grant: grant.member("id"),
            check: check.member("id"),
            deduction,
            rollback,
            hold,
            capture,
            refund,
            adjustment: adjustment.member("id"),
            app: own,
            key,
            secret: secret.member("secret_id"),
            kid: String::new(),
            keys: Spare::default(),
            user: String::new(),
            holds: Spare::default(),
            proposals: Spare::default(),
            liquid: Spare::default(),
            frozen: Spare::default(),
        }
    }

    /// The same, and enough to use up for every route. Adjustments above 100 need a second person from
    /// now on.
    pub(crate) async fn stocked(app: &TestApp, client: &Client) -> Self {
        Self::made_by(client).await.and_stock(app, client).await
    }

    /// The same with enough to use up for every route.
    pub(crate) async fn and_stock(self, app: &TestApp, client: &Client) -> Self {
        let things = self;
        client.put("/v1/policy", &policy()).await.expect(200);
        let [holds, proposals, liquid, frozen, keys] = spare(app, client, &things.wallet).await;
        wallet_at(client, &things.wallet, app.head().get() - 1).await;
        let kid = app.ledger.auth.tokens.keys().first().expect("a key").kid.to_string();
        let user = user(app, client).await;
        Self { holds, proposals, liquid, frozen, keys, kid, user, ..things }
    }

    /// The path of a route with its parameters filled in.
    pub(crate) fn fill(&self, path: &str) -> String {
        let id = match path {
            "/v1/holds/{id}/release" => self.holds.next(),
            "/v1/adjustments/{id}/approval" => self.proposals.next(),
            _ => self.named(path),
        };
        let key = match path {
            "/v1/keys/{key}/rotate" if self.keys.is_stocked() => self.keys.next(),
            _ => &self.key,
        };
        let wallet = match path {
            "/v1/wallets/{wallet}/freeze" => self.liquid.next(),
            "/v1/wallets/{wallet}/unfreeze" => self.frozen.next(),
            _ => &self.wallet,
        };
        path.replace("{wallet}", wallet)
            .replace("{id}", id)
            .replace("{app}", &self.app)
            .replace("{secret}", &self.secret)
            .replace("{kid}", &self.kid)
            .replace("{user}", &self.user)
            .replace("{key}", key)
            .replace("{code}", "not-found")
            .replace("{service}", "chat")
    }

    /// What `{id}` names, by the kind before it.
    fn named(&self, path: &str) -> &str {
        let kind = path.split("/{id}").next().and_then(|before| before.rsplit('/').next());
        match kind {
            Some("groups") => &self.group,
            Some("deductions") => &self.deduction,
            Some("checks") => &self.check,
            Some("purchases") => &self.purchase,
            Some("grants") => &self.grant,
            Some("rollbacks") => &self.rollback,
            Some("holds") => &self.hold,
            Some("captures") => &self.capture,
            Some("refunds") => &self.refund,
            Some("adjustments") => &self.adjustment,
            _ => "",
        }
    }
}

/// Makes what requests use up: holds, proposals, wallets that are not frozen and wallets that are.
async fn spare(app: &TestApp, client: &Client, wallet: &str) -> [Spare; 5] {
    let other = app.another_key(client, &[Scope::Admin]).await;
    let (mut holds, mut proposals, mut liquid, mut frozen) = (vec![], vec![], vec![], vec![]);
    let mut keys = vec![];
    for index in 0..SPARE {
        let key = format!("spare-{index}");
        holds.push(hold(client, wallet, &key, "1").await.expect(201).member("id"));
        proposals.push(adjust(&other, wallet, &key, "101").await.expect(202).member("id"));
        let further = app.another_key(client, &[Scope::CreditsCheck]).await;
        keys.push(further.key_id.expect("a key").into());
    }
    for wallets in [&mut liquid, &mut frozen] {
        wallets.extend((0..SPARE).map(|_| new_wallet()));
        let opened = wallets.iter().map(|wallet| {
            let request = client.post("/v1/wallets", &json!({ "wallet": wallet }));
            request.key(&format!("spare-{wallet}")).into_future()
        });
        join_all(opened).await.into_iter().for_each(|answer| drop(answer.expect(201)));
    }
    for wallet in &frozen {
        let request = client.post(&format!("/v1/wallets/{wallet}/freeze"), &json!({}));
        request.key(&format!("spare-{wallet}")).await.expect(200);
    }
    [holds, proposals, liquid, frozen, keys].map(Spare::of)
}

/// A user of a client's organization, as registration makes one.
async fn user(app: &TestApp, client: &Client) -> String {
    let own = client.app_id.as_deref().and_then(|id| id.parse().ok()).expect("an app");
    let org = app.ledger.identity.app(own).expect("an app").org;
    let email = format!("user-{}@mail.example", new_wallet()).parse().expect("an address");
    let (user, _) = app.ledger.auth.users.create(&email, None, org, None).await.expect("a user");
    user.to_string()
}

/// The policy under which adjustments above 100 need a second person.
pub(crate) fn policy() -> Value {
    json!({
        "returned_to_expired": { "rule": "original" },
        "cost_of_priced_service": "allowed",
        "approval_above": "100",
    })
}

/// The id of a wallet that nobody has opened. Ids are only names: any random one will do.
pub(crate) fn new_wallet() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u64_pair(0x7d1f_6f0a_4f0e_4b1c, NEXT.fetch_add(1, Ordering::Relaxed)).to_string()
}

/// Buys credits for a wallet, which is opened when new.
pub(crate) async fn fund(client: &Client, wallet: &str, amount: &str) -> Answer {
    let request = client.post(&format!("/v1/wallets/{wallet}/purchases"), &json!({ "amount": amount }));
    request.key(&format!("fund-{wallet}-{amount}")).await.expect(201)
}

/// A new wallet with so many credits.
pub(crate) async fn funded(client: &Client, amount: &str) -> String {
    let wallet = new_wallet();
    fund(client, &wallet, amount).await;
    wallet
}

/// Asks for a deduction under a key.
pub(crate) async fn deduct(client: &Client, wallet: &str, key: &str, cost: &str) -> Answer {
    let request = json!({ "service": "chat", "cost": cost });
    client.post(&format!("/v1/wallets/{wallet}/deductions"), &request).key(key).await
}

/// Asks for a hold of a day under a key.
pub(crate) async fn hold(client: &Client, wallet: &str, key: &str, cost: &str) -> Answer {
    let request = json!({ "wallet": wallet, "service": "chat", "cost": cost, "timeout_seconds": 86_400 });
    client.post("/v1/holds", &request).key(key).await
}

/// Asks for an adjustment under a key.
pub(crate) async fn adjust(client: &Client, wallet: &str, key: &str, amount: &str) -> Answer {
    let request = json!({ "wallet": wallet, "amount": amount, "reason": "a slip" });
    client.post("/v1/adjustments", &request).key(key).await
}

/// The wallet as it is now that the event at `position` has been applied.
pub(crate) async fn wallet_at(client: &Client, wallet: &str, position: u64) -> Value {
    client.get(&format!("/v1/wallets/{wallet}?min_position={position}")).await.expect(200).json()
}
