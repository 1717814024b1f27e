//! The way to a broker's administration: its management API, or `rabbitmqctl`.

mod credentials;

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use reqwest::{Client, Method};
use serde_json::Value;

use super::{
    client::escaped,
    failure::{Failure, Outcome},
};

pub(super) use credentials::{Destination, password};

const TIMEOUT: Duration = Duration::from_secs(60);

/// Who administers the broker.
pub(super) enum Administration {
    /// The management API at a URL, which may hold user and password.
    Api { http: Client, url: String },
    /// `rabbitmqctl`, run as a user who may.
    Ctl(PathBuf),
}

impl Administration {
    /// By the management API.
    pub(super) fn api(url: &str) -> Outcome<Self> {
        let is_http = url.starts_with("http://") || url.starts_with("https://");
        if !is_http {
            let text = "the management API has a URL such as http://admin:password@127.0.0.1:15672";
            return Err(Failure::Usage(text.to_owned()));
        }
        let http = Client::builder().no_proxy().timeout(TIMEOUT).build();
        let http = http.map_err(|error| Failure::Other(error.without_url().into()))?;
        Ok(Self::Api { http, url: url.trim_end_matches('/').to_owned() })
    }

    /// The names of all users.
    pub(super) async fn users(&self) -> Outcome<Vec<String>> {
        let (users, field) = match self {
            Self::Api { .. } => (self.ask(Method::GET, "users?columns=name", None).await?, "name"),
            Self::Ctl(_) => (self.ctl(&["list_users", "--formatter", "json"], None).await?, "user"),
        };
        let name = |user: &Value| user.get(field).and_then(Value::as_str).map(str::to_owned);
        Ok(users.as_array().into_iter().flatten().filter_map(name).collect())
    }

    /// Sets up what these definitions say; what is there stays.
    pub(super) async fn import(&self, definitions: &Value) -> Outcome {
        match self {
            Self::Api { .. } => self.ask(Method::POST, "definitions", Some(definitions)).await.map(drop),
            // Over its input, because it holds passwords.
            Self::Ctl(_) => self.ctl(&["import_definitions"], Some(definitions.to_string())).await.map(drop),
        }
    }

    /// The queues of a virtual host with `name`, `type`, `messages`, `consumers` and `policy`.
    pub(super) async fn queues(&self, vhost: &str) -> Outcome<Vec<Value>> {
        let queues = match self {
            Self::Api { .. } => {
                let columns = "columns=name,type,messages,consumers,policy";
                self.ask(Method::GET, &format!("queues/{}?{columns}", escaped(vhost)), None).await?
            }
            Self::Ctl(_) => {
                let list = ["list_queues", "-p", vhost, "--formatter", "json"];
                let columns = ["name", "type", "messages", "consumers", "policy"];
                self.ctl(&[&list[..], &columns].concat(), None).await?
            }
        };
        let no_list = || Failure::Other(anyhow!("the broker answers with what is no list: {queues}"));
        queues.as_array().cloned().ok_or_else(no_list)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Outcome<Value> {
        let Self::Api { http, url } = self else { return Ok(Value::Null) };
        let request = http.request(method, format!("{url}/api/{path}"));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        // The URL may hold a password.
        let unreachable = |error: reqwest::Error| {
            Failure::Unreachable(format!("the management API can't be reached: {}", error.without_url()))
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        if !status.is_success() {
            return Err(Failure::Other(anyhow!("the management API answers {status}: {text}")));
        }
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    async fn ctl(&self, arguments: &[&str], input: Option<String>) -> Outcome<Value> {
        let Self::Ctl(program) = self else { return Ok(Value::Null) };
        let (program, what) = (program.clone(), arguments.first().copied().unwrap_or_default().to_owned());
        let arguments: Vec<_> =
            std::iter::once("--quiet").chain(arguments.iter().copied()).map(str::to_owned).collect();
        let work = move || run(&program, &arguments, input);
        let output = tokio::task::spawn_blocking(work).await.context("rabbitmqctl")?;
        let output = output.context("rabbitmqctl can't be run")?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Failure::Other(anyhow!("rabbitmqctl {what}: {told}")));
        }
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }
}

fn run(
    program: &PathBuf,
    arguments: &[String],
    input: Option<String>,
) -> std::io::Result<std::process::Output> {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn()?;
    if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
        pipe.write_all(input.as_bytes())?;
    }
    child.wait_with_output()
}
