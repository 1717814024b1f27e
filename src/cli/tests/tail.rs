use super::*;

const APP: &str = "3ce927d5-0a4b-4f7c-b1d8-7e45c1b03f03";

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_not_there_is_unreachable_and_a_wrong_address_is_wrong_usage() {
    let dir = tempfile::tempdir().expect("a folder");
    for (line, code) in [
        ("--amqp amqp://u:p@127.0.0.1:1/v", 5),
        ("--amqp amqp://u:p@127.0.0.1:1/v --take", 5),
        ("--amqp http://127.0.0.1", 2),
        ("--amqp amqp://u:p@127.0.0.1:1/v --types no.such", 2),
    ] {
        let failure = typed(dir.path(), &format!("tail {line} --app {APP}")).await.expect_err(line);
        assert_eq!(failure.code(), code, "{line}: {failure}");
        assert!(!failure.to_string().contains("u:p@"), "{failure}");
    }
    for line in ["tail --amqp amqp://h", "tail --take", "tail --amqp amqp://h --app x"] {
        assert!(Cli::try_parse_from(["credit-ledger"].into_iter().chain(line.split(' '))).is_err(), "{line}");
    }
}
