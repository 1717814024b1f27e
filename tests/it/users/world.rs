//! A served ledger, and the mailbox of everybody who registers there.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::support::app::{Answer, Client, Home, TestApp};

pub(super) const PASSWORD: &str = "correct horse battery";

pub(super) struct World {
    pub(super) app: TestApp,
    mail: PathBuf,
}

/// What somebody who signed in was given.
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::of(Home::embedded()).await
    }

    pub(super) async fn of(home: Home) -> Self {
        let mail = home.config.data_dir.join("mail");
        Self { app: TestApp::start_in(home).await, mail }
    }

    pub(super) fn anyone(&self) -> Client {
        self.app.anonymous()
    }

    /// Waits until what goes on after an answer is done, and mails have arrived.
    pub(super) async fn settle(&self) {
        self.app.ledger.auth.users.settled().await;
        self.app.ledger.auth.trail.flush().await;
    }

    /// The mails to this address, oldest first, with their texts as one line each paragraph.
    pub(super) async fn mails(&self, to: &str) -> Vec<String> {
        self.settle().await;
        let Ok(folder) = fs::read_dir(&self.mail) else { return Vec::new() };
        let mut files: Vec<_> = folder.map(|entry| entry.expect("a file").path()).collect();
        files.sort_by_key(|file| fs::metadata(file).and_then(|m| m.modified()).expect("a time"));
        let texts = files.iter().map(|file| fs::read_to_string(file).expect("a mail"));
        let texts = texts.map(|text| text.replace("\r\n", "\n").replace("=\n", "").replace("=3D", "="));
        texts.filter(|text| text.contains(&format!("To: {to}"))).collect()
    }

    /// The token of the last link that was mailed to this address.
    pub(super) async fn token(&self, to: &str) -> String {
        let mails = self.mails(to).await;
        let last = mails.iter().rev().find_map(|mail| mail.split_once("?token=")).expect("a link").1;
        last.split_whitespace().next().expect("a token").to_owned()
    }

    /// Whose this address is.
    pub(super) async fn owner(&self, email: &str) -> events::UserId {
        let email = email.parse().expect("an address");
        self.app.ledger.auth.users.by_email(&email).await.expect("a vault").expect("somebody")
    }

    pub(super) async fn register(&self, email: &str, password: &str) {
        let request = json!({ "email": email, "password": password });
        self.anyone().post("/auth/register", &request).await.expect(202);
        self.settle().await;
    }

    /// Opens a link that confirms an address.
    pub(super) async fn verify(&self, token: &str) -> Answer {
        let answer = self.anyone().post("/auth/verify-email", &json!({ "token": token })).await;
        self.settle().await;
        answer
    }

    /// Chooses a password by the link that was mailed last.
    pub(super) async fn choose(&self, email: &str, password: &str) {
        let request = json!({ "token": self.token(email).await, "new_password": password });
        self.anyone().put("/auth/password/reset", &request).await.expect(204);
    }

    /// Registers somebody and confirms the address.
    pub(super) async fn user(&self, email: &str) {
        self.register(email, PASSWORD).await;
        let token = self.token(email).await;
        self.anyone().post("/auth/verify-email", &json!({ "token": token })).await.expect(204);
    }

    pub(super) async fn login(&self, email: &str, password: &str) -> Tokens {
        let request = json!({ "email": email, "password": password });
        Tokens::of(&self.anyone().post("/auth/login", &request).await.expect(200).json())
    }

    /// Registers somebody, who signs in.
    pub(super) async fn signed_in(&self, email: &str) -> Client {
        self.user(email).await;
        self.bearer(&self.login(email, PASSWORD).await.access)
    }

    pub(super) fn bearer(&self, token: &str) -> Client {
        Client { name: "a user".into(), token: Some(token.into()), ..self.anyone() }
    }

    /// What happened, newest first, as `kind outcome detail`.
    pub(super) async fn activity(&self) -> Vec<String> {
        self.settle().await;
        let listed = self.app.operator().get("/v1/activity").await.expect(200).json();
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or("-").to_owned();
        let items = listed["data"].as_array().expect("a list").iter();
        items.map(|i| [text(i, "kind"), text(i, "outcome"), text(i, "detail")].join(" ")).collect()
    }
}

impl Tokens {
    pub(super) fn of(answer: &Value) -> Self {
        assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(900)));
        let text = |name: &str| answer[name].as_str().expect("a token").to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}
