//! `broker provision` and `broker status`, as they are run.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use credit_ledger::broker::topology::{AUDIT, parked, queue, user};
use events::AppId;
use lapin::{Connection, ConnectionProperties};
use serde_json::{Value, json};

use super::world::World;
use crate::support::rabbit::{self, Lease};

struct Scene {
    rabbit: Lease,
    directory: tempfile::TempDir,
    vhost: String,
    /// How the command reaches the broker.
    way: Vec<String>,
}

impl Scene {
    async fn by_api(vhost: &str) -> Self {
        let rabbit = rabbit::shared().await;
        let url = rabbit.management().replace("http://", "http://guest:guest@");
        Self::new(rabbit, vhost, vec!["--management-url".to_owned(), url])
    }

    fn new(rabbit: Lease, vhost: &str, way: Vec<String>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self { rabbit, directory, vhost: vhost.to_owned(), way }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_credit-ledger"));
        command
            .arg("--data-dir")
            .arg(self.directory.path().join("data"))
            .args(["-o", "json"])
            .args(arguments);
        if arguments[0] == "broker" {
            command.args(&self.way).args(["--vhost", &self.vhost]);
        }
        tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("the command")
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments).await;
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("users.jsonl")
    }
}

/// The passwords in the file, the last of each user.
fn passwords(path: &Path) -> std::collections::BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).expect("a file");
    let line = |line: &str| serde_json::from_str::<Value>(line).expect("JSON");
    let pair = |line: Value| {
        let text = |name: &str| line[name].as_str().expect("a text").to_owned();
        (text("user"), text("password"))
    };
    text.lines().map(line).map(pair).collect()
}

async fn enters(rabbit: &Lease, vhost: &str, user: &str, password: &str) -> bool {
    let url = format!("amqp://{user}:{password}@127.0.0.1:{}/{vhost}", rabbit.port);
    Connection::connect(&url, ConnectionProperties::default()).await.is_ok()
}

#[tokio::test]
async fn it_sets_up_everything_for_the_ledgers_apps_and_again_changes_nothing() {
    let scene = Scene::by_api("provisioned").await;
    let made = scene.json(&["app", "create", "--name", "chat", "--scopes", "events:read"]).await;
    let app: AppId = made["app_id"].as_str().expect("an id").parse().expect("an id");
    let refused = scene.run(&["broker", "provision", "--relay-user", "relay-1"]).await;
    assert_eq!(refused.status.code(), Some(2), "passwords must have a place to go");
    let file = scene.file();
    let path = file.to_str().expect("a path");
    let arguments = ["broker", "provision", "--relay-user", "relay-1", "--credentials-file", path];
    let output = scene.run(&arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mode = std::fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let first = passwords(&file);
    assert_eq!(first.keys().map(String::as_str).collect::<Vec<_>>(), [&*user(app), "relay-1"]);
    let told = [&output.stdout[..], &output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(first.values().all(|password| !told.contains(password.as_str())), "a password is shown: {told}");
    for (name, password) in &first {
        assert!(enters(&scene.rabbit, "provisioned", name, password).await, "{name}");
    }
    let again = scene.json(&arguments).await;
    assert!(again.as_array().expect("rows").iter().all(|row| row["state"] == "kept"), "{again}");
    assert_eq!(passwords(&file), first);

    let renewed = ["--rotate", &user(app)];
    let rows = scene.json(&[&arguments[..4], &["--show-passwords"], &renewed].concat()).await;
    let row =
        rows.as_array().expect("rows").iter().find(|row| row["user"] == json!(user(app))).expect("a row");
    let password = row["password"].as_str().expect("a password");
    assert!(enters(&scene.rabbit, "provisioned", &user(app), password).await);
    assert!(!enters(&scene.rabbit, "provisioned", &user(app), &first[&user(app)]).await, "the old password");

    let queues = scene.json(&["broker", "status"]).await;
    let names: Vec<_> =
        queues.as_array().expect("rows").iter().map(|row| row["name"].as_str().expect("a name")).collect();
    assert_eq!(names, [AUDIT, &queue(app), &parked(app)]);
    assert!(queues.as_array().expect("rows").iter().all(|row| row["state"] == "there"), "{queues}");
    scene.rabbit.api("DELETE", &format!("queues/provisioned/{}", parked(app)), None).await;
    let missing = scene.run(&["broker", "status"]).await;
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("1 of 3 queues are missing"));
}

#[tokio::test]
async fn rabbitmqctl_does_it_as_well() {
    let rabbit = rabbit::shared().await;
    let directory = tempfile::tempdir().expect("a directory");
    // `rabbitmqctl` with the environment of the private broker.
    let script = directory.path().join("ctl");
    let command = rabbit.command("rabbitmqctl");
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("export {}='{}'\n", name.to_str()?, value?.to_str()?)));
    let variables: String = variables.collect();
    let program = command.get_program().to_str().expect("a path");
    std::fs::write(&script, format!("#!/bin/sh\n{variables}exec {program} \"$@\"\n")).expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).expect("a script");
    let way = vec!["--rabbitmqctl".to_owned(), script.to_str().expect("a path").to_owned()];
    let scene = Scene::new(rabbit, "by-ctl", way);
    let world = World::new().await;
    let app = world.apps[0];
    let id = app.to_string();
    let rows = scene
        .json(&["broker", "provision", "--app", &id, "--relay-user", "relay-2", "--show-passwords"])
        .await;
    let password = rows[0]["password"].as_str().expect("the relay's password");
    assert!(enters(&scene.rabbit, "by-ctl", "relay-2", password).await);
    let queues = scene.json(&["broker", "status", "--app", &id]).await;
    assert!(queues.as_array().expect("rows").iter().all(|row| row["state"] == "there"), "{queues}");
}

#[tokio::test]
async fn what_is_set_up_is_bounded_and_kept_by_policies() {
    let rabbit = rabbit::shared().await;
    let world = World::new().await;
    let vhost = rabbit.vhost(&world.apps[..1]).await;
    let app = world.apps[0];
    let queues = rabbit.queues(&vhost).await;
    let named = |name: String| queues.iter().find(|queue| queue["name"] == json!(name)).expect("a queue");
    let events = named(queue(app));
    assert_eq!(
        (&events["type"], named(AUDIT.to_owned())["type"].as_str()),
        (&json!("quorum"), Some("stream"))
    );
    assert!(events["arguments"].to_string().contains("x-single-active-consumer"), "{events}");
    let policies = rabbit.api("GET", &format!("policies/{}", vhost.name), None).await;
    let policies = policies.as_array().expect("policies");
    for name in [queue(app), parked(app), AUDIT.to_owned()] {
        assert_eq!(named(name.clone())["policy"], json!(name), "the policy of {name} is not at the queue");
        let policy = policies.iter().find(|policy| policy["name"] == json!(name)).expect("a policy");
        assert!(policy["definition"]["max-length-bytes"].is_u64(), "{policy}");
    }
    let policy = policies.iter().find(|policy| policy["name"] == json!(queue(app))).expect("a policy");
    let policy = &policy["definition"];
    assert_eq!(
        (&policy["delivery-limit"], &policy["overflow"], &policy["dead-letter-routing-key"]),
        (&json!(10), &json!("drop-head"), &json!(app.to_string()))
    );
}
