//! Help and completions: what a stranger sees first.

use crate::support::{cli::run, home::Home, turn};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn every_command_has_a_help_text_with_an_example() {
    let _turn = turn::shared().await;
    let home = Home::new();
    let mut left: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(command) = left.pop() {
        let words: Vec<_> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = run(&home, &words).await.ended(0);
        assert!(help.stdout.contains("Usage:") && help.stderr.is_empty(), "{help:#?}");
        let below = subcommands(&help.stdout);
        assert!(!below.is_empty() || help.stdout.contains("Example"), "{help:#?}");
        left.extend(below.into_iter().map(|name| [&command[..], &[name]].concat()));
        seen += 1;
    }
    assert!(seen >= 24, "only {seen} help texts");
    assert!(!home.data().exists(), "asking for help makes no data directory");
}

/// The names below `Commands:`.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let named = lines
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = named.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by ./check against the release binary"]
async fn completions_and_version_are_printed() {
    let _turn = turn::shared().await;
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&home, &["completions", shell]).await.ended(0).stdout;
        assert!(script.contains("credit-ledger") && script.contains("statement"), "{script}");
    }
    let version = run(&home, &["--version"]).await.ended(0).stdout;
    assert!(version.starts_with("credit-ledger 0."), "{version}");
}
