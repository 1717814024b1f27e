//! `user …`, for people who registered at the ledger itself.

use super::*;
use crate::cli::client::{Missing, Reach, connect};

/// Somebody registers, as over HTTP.
async fn registers(data_dir: &Path, email: &str) {
    let flags = crate::config::Flags { data_dir: Some(data_dir.to_owned()), ..Default::default() };
    let settings = Settings::load(Inputs { flags, ..Inputs::default() }).expect("settings");
    let machine = Machine {
        clock: Arc::new(SystemClock::new()),
        entropy: || Box::new(Generator::from_system()),
        signing_key: PrivateKey::generate,
    };
    let api = connect(Reach::DataDir, Missing::Make, &settings.config, &machine).await.expect("a ledger");
    let account =
        serde_json::json!({ "email": email, "password": "correct horse battery", "name": "Ann Lee" });
    api.post("/auth/register", None, &account).await.expect("registered");
    api.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_looked_after() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    for email in ["ann@mail.example", "ben@mail.example"] {
        registers(dir, email).await;
    }
    let users = json(dir, "user list").await;
    let mut emails: Vec<_> = users.as_array().expect("users").iter().map(|user| &user["email"]).collect();
    emails.sort_by_key(ToString::to_string);
    assert_eq!(emails, ["ann@mail.example", "ben@mail.example"]);
    let id = users[0]["user_id"].as_str().expect("an id");
    assert_eq!(json(dir, &format!("user show {id}")).await, users[0]);
    assert_eq!(users[0]["roles"], serde_json::json!(["customer"]));

    let promoted = json(dir, &format!("user roles {id} admin,auditor")).await;
    assert_eq!(promoted["roles"], serde_json::json!(["admin", "auditor"]));
    let disabled = json(dir, &format!("user disable {id} --reason abuse")).await;
    assert_eq!(disabled["disabled"], true);
    assert_eq!(json(dir, &format!("user enable {id}")).await["disabled"], false);
    assert_eq!(json(dir, &format!("user sign-out {id}")).await["signed_out"], true);
    let other = json(dir, &format!("user show {}", users[1]["user_id"].as_str().expect("an id"))).await;
    assert_eq!(other, users[1], "the other user is as before");

    let stored = typed(dir, "tail -o jsonl").await.expect("events");
    for name in ["auth.user_roles_set", "auth.user_disabled", "auth.user_enabled", "auth.sessions_revoked"] {
        assert!(stored.contains(name), "{name}: {stored}");
    }
    let nobody = "user show 7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";
    assert_eq!(typed(dir, nobody).await.expect_err("nobody").code(), 1);
}
