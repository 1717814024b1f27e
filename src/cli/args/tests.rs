use clap::{CommandFactory, Parser};

use super::*;

/// Every command that can be run, with the words that lead to it.
fn runnable(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name());
        if sub.has_subcommands() {
            runnable(sub, &path, found);
        } else {
            found.push((path, sub.clone()));
        }
    }
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_says_what_it_does_and_shows_how() {
    let mut found = Vec::new();
    runnable(&Cli::command(), "credit-ledger", &mut found);
    assert!(found.len() >= 24, "only {} commands", found.len());
    for (path, command) in found {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(about.len() > 10, "{path} does not say what it does");
        assert!(!about.ends_with('.'), "{path}: `{about}` ends with a full stop");
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let example = help.lines().find(|line| line.trim_start().starts_with("credit-ledger"));
        let words: Vec<_> = path.split(' ').skip(1).collect();
        let shown =
            example.is_some_and(|line| words.iter().all(|word| line.split(' ').any(|other| other == *word)));
        assert!(shown, "{path} shows no example of itself: {help}");
    }
}

/// The examples in the help texts are parsed by the very parser that they explain.
#[test]
fn every_example_parses() {
    let mut found = vec![("credit-ledger".to_owned(), Cli::command())];
    runnable(&Cli::command(), "credit-ledger", &mut found);
    let mut examples = 0;
    for (path, command) in found {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in help.lines().map(str::trim).filter(|line| line.starts_with("credit-ledger")) {
            let words = words(line.split(" | ").next().unwrap_or(line));
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{path}: {line}\n{error}");
            }
            examples += 1;
        }
    }
    assert!(examples > 24, "only {examples} examples");
}

/// Splits a line as a shell does, as far as the examples go: at spaces outside of quotes, up to `>`.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], None);
    for character in line.chars() {
        match (character, quoted) {
            ('\'' | '"', None) => quoted = Some(character),
            (_, Some(quote)) if character == quote => quoted = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().expect("never empty").push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    let end = words.iter().position(|word| word == ">").unwrap_or(words.len());
    words.truncate(end);
    words
}

#[test]
fn shared_options_stand_before_or_after_the_command() {
    for line in ["--data-dir d -o json verify", "verify --data-dir d -o json"] {
        let cli = Cli::try_parse_from(["credit-ledger"].into_iter().chain(line.split(' '))).expect(line);
        assert_eq!(cli.global.data_dir.as_deref(), Some(std::path::Path::new("d")));
        assert_eq!(cli.global.output, Format::Json);
    }
}

#[test]
fn wrong_usage_is_refused() {
    let wallet = "7d1f6f0a-4f0e-5b1c-9d55-0d3e8d0a4c11";
    for line in [
        "purchase not-a-uuid 5".to_owned(),
        format!("purchase {wallet} NaN"),
        format!("purchase {wallet} 1e3"),
        format!("purchase {wallet} 0.0000001"),
        format!("purchase {wallet} 5 --price 9.99"),
        format!("purchase {wallet} 5 --expires-in 30d --expires-at 2027-01-01T00:00:00Z"),
        format!("deduct {wallet} 5"),
        format!("deduct {wallet} 5 --service chat --metadata [1]"),
        "--token-file f verify".to_owned(),
        "frobnicate".to_owned(),
    ] {
        let parsed = Cli::try_parse_from(["credit-ledger"].into_iter().chain(line.split(' ')));
        assert_eq!(parsed.expect_err(&line).exit_code(), 2, "{line}");
    }
}

#[test]
fn no_option_takes_a_secret_and_no_help_shows_one() {
    for command in Cli::command().get_subcommands_mut() {
        let help = command.render_long_help().to_string();
        assert!(!help.contains("--token ") && !help.contains("--api-key "), "{help}");
    }
}
