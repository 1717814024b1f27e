//! npm `oidc-provider` in Google's part. `tests/outside/clients/install` puts it below `target/outside`.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{ChildStdout, Command, Stdio},
};

use super::{
    cli::Process,
    home::{Home, checkout},
    server::Server,
};

pub(crate) const CLIENT_ID: &str = "credits.apps.example";
pub(crate) const CLIENT_SECRET: &str = "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le";

/// One of our scripts, beside the modules that it imports.
pub(crate) fn node(script: &str) -> Command {
    let folder = checkout().join("target/outside/provider");
    assert!(folder.is_dir(), "{} is missing: run tests/outside/clients/install first", folder.display());
    let ours = checkout().join("tests/outside/provider").join(script);
    fs::copy(ours, folder.join(script)).expect("a copy");
    let mut command = Command::new("node");
    command.arg(folder.join(script));
    command
}

/// A provider; it ends with its standard input.
pub(crate) struct Provider {
    issuer: String,
    process: Process,
    /// It says more than its issuer, and dies when nobody can hear it.
    _stdout: BufReader<ChildStdout>,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let mut command = node("provider.mjs");
        command.args([CLIENT_ID, CLIENT_SECRET]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process(command.spawn().expect("node runs"));
        let mut issuer = String::new();
        let stdout = process.0.stdout.take().expect("standard output");
        let mut stdout = BufReader::new(stdout);
        stdout.read_line(&mut issuer).expect("a line");
        Self { issuer: issuer.trim().to_owned(), process, _stdout: stdout }
    }

    /// Starts a server whose people sign in here.
    pub(crate) async fn server(&mut self, home: &Home) -> Server {
        let secret = home.file("google-secret");
        fs::write(&secret, CLIENT_SECRET).expect("a file");
        let options = [
            "--google-client-id",
            CLIENT_ID,
            "--google-client-secret-file",
            secret.to_str().expect("a path"),
            "--google-issuer",
            &self.issuer,
        ];
        let server = Server::start_as_issuer_with(home, &options).await;
        let stdin = self.process.0.stdin.as_mut().expect("standard input");
        writeln!(stdin, "{}/api/auth/google/callback", server.url).expect("written");
        server
    }
}
