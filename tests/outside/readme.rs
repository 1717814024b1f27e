//! What README.md has to type in works as it stands there.

use std::{env, fs, process::Command, time::Duration};

use crate::support::{
    ALL_SCOPES,
    cli::{finish, run},
    home::{Home, binary, checkout},
    server::Server,
    turn,
};

const WITHIN: Duration = Duration::from_secs(120);
/// The address in the README, for which the test's server has a free port.
const ADDRESS: &str = "http://127.0.0.1:8080";

/// The shell blocks of a section, in one.
#[track_caller]
fn typed(readme: &str, section: &str) -> Vec<String> {
    let heading = format!("\n## {section}\n");
    let (_, rest) = readme.split_once(&heading).unwrap_or_else(|| panic!("no section {section}"));
    let body = rest.split("\n## ").next().expect("a body");
    let blocks = body.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().expect("an end").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn what_the_readme_has_to_type_in_works() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let create = ["app", "create", "--name", "chat", "--scopes", ALL_SCOPES, "-o", "json"];
    let app = run(&home, &create).await.ended(0).json();
    let server = Server::start_as_issuer(&home).await;

    let readme = fs::read_to_string(checkout().join("README.md")).expect("the README");
    // The first block builds the binary and starts the server, which is done here.
    let mut blocks = typed(&readme, "Run it").split_off(1);
    // Auditors look at the first wallet.
    for section in ["For auditors", "Holds, refunds, prices", "People, apps and services"] {
        blocks.extend(typed(&readme, section));
    }
    let lines: Vec<_> = blocks.iter().flat_map(|block| block.lines()).collect();
    let key = format!("KEY={}", app["api_key"].as_str().expect("a key"));
    let lines = lines.into_iter().filter(|line| !line.ends_with("--follow"));
    let lines = lines.map(|line| if line.starts_with("KEY=") { key.as_str() } else { line });
    let script = lines.collect::<Vec<_>>().join("\n").replace(ADDRESS, &server.url);
    let script = format!(
        "set -euo pipefail\ncurl() {{ command curl --fail-with-body \"$@\"; }}\n{script}\necho the end\n"
    );

    let path = env::var("PATH").unwrap_or_default();
    // Under its own name, which the README uses.
    let folder = home.file("bin");
    fs::create_dir(&folder).expect("a folder");
    std::os::unix::fs::symlink(binary(), folder.join("credit-ledger")).expect("a link");
    let mut bash = Command::new("bash");
    bash.args(["-x", "-c", &script]).current_dir(home.data().parent().expect("a folder"));
    bash.env("PATH", format!("{}:{path}", folder.display()));
    let ran = finish(bash, WITHIN).await.ended(0);
    assert!(ran.stdout.contains("access_token") && ran.stdout.ends_with("the end\n"), "{ran:#?}");
    assert!(home.file("november.html").is_file() && home.file("ledger.jsonl").is_file());
}
