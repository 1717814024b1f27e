//! Mails arrive as they were written, or are tried again.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::{Clock, ManualClock};

const LINK: &str = "https://ledger.example/verify-email?token=clm_00000000000000000000000000000000_0123456789012345678901234567890123456789012";

fn now() -> Time {
    Time::from_micros(1_700_000_000_000_000)
}

fn mail(name: &str) -> Mail {
    let texts = Texts::new(name, "ledger.example").expect("a sender");
    let to = "ann@mail.example".parse().expect("an address");
    texts.write(Letter::Verify { link: LINK }, to, Uuid::from_u128(7), now())
}

#[tokio::test]
async fn a_folder_takes_mails_that_only_its_owner_can_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("some/mail");
    let folder = Folder::new(&path);
    folder.send(&mail("Credits <no-reply@ledger.example>")).await.expect("sent");
    folder.send(&mail("Credits <no-reply@ledger.example>")).await.expect("sent again");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let files: Vec<_> =
        fs::read_dir(&path).expect("a folder").map(|file| file.expect("a file").path()).collect();
    assert_eq!((mode(&path), files.len(), mode(&files[0])), (0o700, 1, 0o600));
    let text = fs::read_to_string(&files[0]).expect("text");
    for line in [
        "From: Credits <no-reply@ledger.example>",
        "To: ann@mail.example",
        "Subject: Confirm your e-mail address for Credits",
        "Date: Tue, 14 Nov 2023 22:13:20 +0000",
        "Message-ID: <00000000-0000-0000-0000-000000000007@ledger.example>",
        "Auto-Submitted: auto-generated",
        LINK,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn every_letter_names_the_service_and_keeps_its_links_whole() {
    let texts = Texts::new("no-reply@ledger.example", "ledger.example").expect("a sender");
    let to: EmailAddress = "ann@mail.example".parse().expect("an address");
    for letter in [
        Letter::Verify { link: LINK },
        Letter::Reset { link: LINK },
        Letter::Choose { link: LINK },
        Letter::AlreadyRegistered { sign_in: LINK, reset: LINK },
        Letter::NoAccount { register: LINK },
        Letter::PasswordChanged { reset: LINK },
    ] {
        let mail = texts.write(letter, to.clone(), Uuid::nil(), now());
        assert!(mail.subject.contains("ledger.example"));
        let sent = String::from_utf8(mail.message().expect("a message").formatted()).expect("text");
        assert!(sent.lines().any(|line| line == LINK), "{sent}");
        assert!(mail.text.lines().all(|line| line == LINK || line.len() <= 90), "{}", mail.text);
        assert!(!format!("{mail:?}").contains("ann@") && !format!("{mail:?}").contains("clm_"));
    }
    assert!(Texts::new("nobody", "ledger.example").is_err());
}

#[test]
fn the_setting_says_where_mails_go() {
    let read = |text: &str| Target::parse(Some(text), Path::new("/data"));
    let unset = Target::parse(None, Path::new("/data")).expect("a folder");
    assert_eq!(unset, Target::Folder("/data/mail".into()));
    assert_eq!(read("file:///out").expect("a folder"), Target::Folder("/out".into()));
    let smtp = |starttls, port, user: Option<(&str, &str)>| Target::Smtp {
        host: "mx.example".into(),
        port,
        starttls,
        credentials: user.map(|(user, password)| (user.to_owned(), password.to_owned())),
    };
    let tls = read("smtps://me:p%40ss@mx.example").expect("a server");
    assert_eq!(tls, smtp(false, None, Some(("me", "p@ss"))));
    assert_eq!(read("smtp://mx.example:2525").expect("a server"), smtp(true, Some(2525), None));
    let https = read("https://:bearer-secret@mail.example/send").expect("a service");
    assert!(matches!(&https, Target::Https { url, token: Some(token) }
        if url.as_str() == "https://mail.example/send" && token == "bearer-secret"));
    for (target, secret) in [(https, "bearer-secret"), (tls, "p@ss")] {
        assert!(!format!("{target:?}").contains(secret));
        assert!(target.mailer().is_ok());
    }
    for bad in ["mail", "file:", "http://mail.example/send", "smtps://", "smtps://h/p", "smtp://h/?x"] {
        assert!(matches!(read(bad), Err(TargetError::Form)), "{bad}");
    }
}

/// Fails so often, then takes everything.
struct Moody {
    failures: AtomicUsize,
    taken: AtomicUsize,
    error: MailError,
}

impl Moody {
    fn new(failures: usize, error: MailError) -> Arc<Self> {
        Arc::new(Self { failures: failures.into(), taken: 0.into(), error })
    }
}

impl Mailer for Arc<Moody> {
    fn send<'a>(&'a self, _: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        let less = |left: usize| left.checked_sub(1);
        let failed = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        if !failed {
            self.taken.fetch_add(1, Ordering::SeqCst);
        }
        async move { if failed { Err(self.error.clone()) } else { Ok(()) } }.boxed()
    }
}

fn outbox(mailer: &Arc<Moody>) -> (Outbox, Arc<ManualClock>, CancellationToken) {
    let (clock, stop) = (Arc::new(ManualClock::at(now())), CancellationToken::new());
    let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
    (Outbox::new(Box::new(Arc::clone(mailer)), shared, stop.clone()), clock, stop)
}

#[tokio::test]
async fn mails_are_tried_again_until_they_are_taken_or_given_up() {
    for (failures, taken) in [(0, 1), (5, 1), (6, 0)] {
        let mailer = Moody::new(failures, MailError::Unreachable("away".into()));
        let (outbox, clock, _) = outbox(&mailer);
        outbox.post(mail("a@ledger.example")).expect("room");
        let mut drained = Box::pin(outbox.drained());
        while futures::poll!(&mut drained).is_pending() {
            clock.advance(Duration::from_secs(1_200));
            tokio::task::yield_now().await;
        }
        assert_eq!(mailer.taken.load(Ordering::SeqCst), taken, "{failures}");
    }
    let mailer = Moody::new(1, MailError::Refused("no".into()));
    let (outbox, ..) = outbox(&mailer);
    outbox.post(mail("a@ledger.example")).expect("room");
    outbox.drained().await;
    assert_eq!(mailer.taken.load(Ordering::SeqCst), 0, "what is refused is not tried again");
}

#[tokio::test]
async fn the_outbox_is_bounded_and_stops() {
    let mailer = Moody::new(usize::MAX, MailError::Unreachable("away".into()));
    let (outbox, _, stop) = outbox(&mailer);
    let taken = (0..1_100).filter(|_| outbox.post(mail("a@ledger.example")).is_ok()).count();
    assert_eq!(taken, 1_000);
    assert_eq!(outbox.post(mail("a@ledger.example")), Err(OutboxFull));
    stop.cancel();
    outbox.drained().await;
}

/// Says what an SMTP server says to one mail, and returns what it was told.
async fn smtp_server(refusing: bool) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let told = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let (read, mut write) = stream.into_split();
        let (mut lines, mut told, mut data) = (BufReader::new(read).lines(), String::new(), false);
        write.write_all(b"220 test\r\n").await.expect("written");
        while let Some(line) = lines.next_line().await.expect("a line") {
            told.push_str(&line);
            told.push('\n');
            let answer: &[u8] = match line.split([' ', ':']).next().unwrap_or_default() {
                "." => b"250 taken\r\n",
                _ if data && line != "." => continue,
                "EHLO" => b"250 test\r\n",
                "RCPT" if refusing => b"550 no such user\r\n",
                "DATA" => b"354 go on\r\n",
                "QUIT" => break,
                _ => b"250 ok\r\n",
            };
            data = line == "DATA" || (data && line != ".");
            write.write_all(answer).await.expect("written");
        }
        told
    });
    (address, told)
}

#[tokio::test]
async fn an_smtp_server_takes_mails_or_refuses_them() {
    for refusing in [false, true] {
        let (address, told) = smtp_server(refusing).await;
        let builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(address.port());
        let sent = Smtp::over(builder).send(&mail("a@ledger.example")).await;
        if refusing {
            assert!(matches!(sent, Err(MailError::Refused(_))), "{sent:?}");
        } else {
            sent.expect("sent");
            let told = told.await.expect("a server");
            assert!(
                told.contains("MAIL FROM:<a@ledger.example>") && told.contains("RCPT TO:<ann@mail.example>")
            );
            assert!(told.contains(LINK));
        }
    }
}

#[tokio::test]
async fn a_mail_service_takes_json_with_a_token_or_says_try_again() {
    for (status, expected) in
        [("202 Accepted", "ok"), ("503 Busy", "again"), ("429 Slow", "again"), ("302 Found", "no")]
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut told = Vec::new();
            while !told.ends_with(b"}") {
                assert_ne!(stream.read_buf(&mut told).await.expect("bytes"), 0);
            }
            let answer = format!("HTTP/1.1 {status}\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.expect("written");
            String::from_utf8(told).expect("text")
        });
        let url = format!("http://{address}/send").parse().expect("a URL");
        let endpoint = Endpoint::new(url, Some("bearer-of-the-service".into())).expect("a client");
        assert!(!format!("{endpoint:?}").contains("bearer"));
        let sent = endpoint.send(&mail("Credits <a@ledger.example>")).await;
        match expected {
            "ok" => sent.expect("taken"),
            "again" => assert!(matches!(sent, Err(MailError::Unreachable(_))), "{sent:?}"),
            _ => assert!(matches!(sent, Err(MailError::Refused(_))), "{sent:?}"),
        }
        let told = serving.await.expect("a server");
        assert!(told.contains("authorization: Bearer bearer-of-the-service"), "{told}");
        let body: serde_json::Value =
            serde_json::from_str(&told[told.find('{').expect("a body")..]).expect("JSON");
        assert_eq!(body["to"], "ann@mail.example");
        assert_eq!(body["from"], "Credits <a@ledger.example>");
    }
}
