//! Whose account it is.

use std::fs;

use serde_json::{Value, json};

use super::{World, code_on, refused};
use crate::support::app::Answer;

const BEGIN: &str = "session=s1&return_to=chatgpt";
const OLD: &str = "correct horse battery";

impl World {
    pub(super) async fn say(&self, path: &str, body: &Value) -> Answer {
        let answer = self.app.anonymous().post(path, body).await;
        self.app.ledger.auth.users.settled().await;
        answer
    }

    pub(super) async fn registers(&self, email: &str) {
        let body = json!({ "email": email, "password": OLD, "name": "Mallory" });
        let answer = self.say("/auth/register", &body).await;
        assert!((200..300).contains(&answer.status), "{}", answer.text());
    }

    pub(super) async fn logs_in(&self, email: &str) -> u16 {
        self.say("/auth/login", &json!({ "email": email, "password": OLD })).await.status
    }

    /// The token in the mail that was sent last.
    pub(super) fn mailed(&self) -> String {
        let folder = self.app.mail_folder();
        let mut mails: Vec<_> =
            fs::read_dir(folder).expect("mails").map(|file| file.expect("a file").path()).collect();
        mails.sort();
        let mail = fs::read_to_string(mails.last().expect("a mail")).expect("text");
        let (_, token) = mail.split_once("token=").unwrap_or_else(|| panic!("no link in {mail}"));
        token.split_whitespace().next().expect("a token").to_owned()
    }
}

#[tokio::test]
async fn an_account_that_nobody_confirmed_is_taken_over_and_its_password_is_dead() {
    let world = World::start().await;
    world.registers("ann@mail.example").await;
    let link = world.mailed();
    assert_eq!(world.logs_in("ann@mail.example").await, 401, "not confirmed yet");
    let code = code_on(&world.browser().signs_in(BEGIN).await.expect(200));
    let user = world.verify(&code).await.expect(200).json()["user"].clone();
    assert_eq!(user["name"], "Ann Lee", "not the name that somebody else chose");
    assert_eq!(world.users(), 1);
    assert_eq!(world.logs_in("ann@mail.example").await, 401, "the old password is dead");
    let verified = world.say("/auth/verify-email", &json!({ "token": link })).await;
    assert!(verified.status >= 400, "the old link is dead: {}", verified.text());
    assert_eq!(world.logs_in("ann@mail.example").await, 401);
    let again = code_on(&world.browser().signs_in(BEGIN).await.expect(200));
    assert_eq!(world.verify(&again).await.expect(200).json()["user"], user);
}

#[tokio::test]
async fn an_account_that_somebody_confirmed_is_not_opened_by_its_address() {
    let world = World::start().await;
    world.registers("ann@mail.example").await;
    let confirmed = world.say("/auth/verify-email", &json!({ "token": world.mailed() })).await;
    assert!((200..300).contains(&confirmed.status), "{}", confirmed.text());
    refused(&world.browser().signs_in(BEGIN).await, 409, "You have an account already");
    assert_eq!(world.logs_in("ann@mail.example").await, 200, "the password still opens it");
    assert_eq!(world.users(), 1);
}

#[tokio::test]
async fn an_account_is_known_by_its_subject_and_not_by_its_address() {
    let world = World::start().await;
    let user = |answer: Answer| answer.json()["user"]["id"].clone();
    let code = world.code().await;
    let ann = user(world.verify(&code).await.expect(200));
    world.provider.signs_in("110169", "ann.married@mail.example");
    let code = world.code().await;
    assert_eq!(user(world.verify(&code).await.expect(200)), ann, "who changed the address is who they were");
    // Who has the old address now is somebody else, and does not get the account.
    world.provider.signs_in("220270", "ann@mail.example");
    refused(&world.browser().signs_in(BEGIN).await, 409, "You have an account already");
    world.provider.signs_in("330370", "bob@mail.example");
    let code = world.code().await;
    assert_ne!(user(world.verify(&code).await.expect(200)), ann);
    assert_eq!(world.users(), 2);
}

#[tokio::test]
async fn two_at_once_make_one_account() {
    let world = World::start().await;
    let mut tabs = [world.browser(), world.browser(), world.browser(), world.browser()];
    let shown = futures::future::join_all(tabs.iter_mut().map(|tab| tab.signs_in(BEGIN))).await;
    for page in shown {
        code_on(&page.expect(200));
    }
    assert_eq!(world.users(), 1);
}

#[tokio::test]
async fn an_app_of_another_organization_is_not_for_this_account() {
    let world = World::start().await;
    world.code().await;
    let stranger = world.app.stranger().await;
    world.registered(&stranger, "elsewhere", "theirs").await;
    let answer = world.browser().signs_in("session=s1&return_to=theirs").await;
    refused(&answer, 403, "Not for this account");
}
