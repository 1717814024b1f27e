//! One event of each shape: all optional fields there, and all absent.

mod credit;
mod holds;
mod identity;
mod others;
mod refusals;
mod spending;
mod wallet;

use events::{
    AppId, Asked, Balances, Class, CommandId, Credits, Envelope, Event, KeyId, LedgerId, LotTerms, Metadata,
    OrgId, Position, PriceLine, Priced, RequestHash, ReturnedSlice, Salt, Slice, Slices, Subject, Time,
    WalletId,
};
use uuid::Uuid;

const LEDGER: LedgerId = LedgerId(Uuid::from_u128(0x1f0c_33aa_7d51_4c0e_9a43_0d6f_2b7e_8101));
const ORG: OrgId = OrgId(Uuid::from_u128(0x2b64_70c9_58f1_4d6a_8e3b_6d12_94ac_ee02));
const APP: AppId = AppId(Uuid::from_u128(0x3ce9_27d5_0a4b_4f7c_b1d8_7e45_c1b0_3f03));
const WALLET: WalletId = WalletId(Uuid::from_u128(0x4d17_8b6e_c39f_4a25_9f60_8c21_5a7d_d404));
const COMMAND: CommandId = CommandId(Uuid::from_u128(0x5e82_1f90_6bd4_5b13_a7c6_9d03_e48f_6205));
const KEY: KeyId = KeyId(Uuid::from_u128(0x6f5d_a3c7_12e8_4e90_8b2d_ae97_3c50_b706));

/// An event with its envelope, and the name of its golden file.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) envelope: Envelope,
    pub(crate) event: Event,
}

/// Every shape.
pub(crate) fn all() -> Vec<Sample> {
    let parts = [
        wallet::all(),
        credit::all(),
        spending::all(),
        holds::all(),
        refusals::all(),
        identity::all(),
        others::all(),
    ];
    parts.into_iter().flatten().collect()
}

/// With every attribute that the type may have.
fn full(name: &'static str, event: impl Into<Event>) -> Sample {
    let (event, mut envelope) = (event.into(), bare_envelope());
    if event.balances().is_some() {
        envelope.subject = Subject::Wallet(WALLET);
        envelope.org = Some(ORG);
        envelope.app = Some(APP);
        envelope.account_seq = Some(17);
        envelope.previous = Some(Position(1_048_575));
    }
    envelope.actor = Some("operator".into());
    envelope.correlation = Some("req-7f \"quoted\" \\ \u{1f9fe}".into());
    envelope.traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into());
    Sample { name, envelope, event }
}

/// With none of the attributes that the type can do without.
fn bare(name: &'static str, event: impl Into<Event>) -> Sample {
    let (event, mut envelope) = (event.into(), bare_envelope());
    if event.balances().is_some() {
        envelope.subject = Subject::Wallet(WALLET);
        envelope.org = Some(ORG);
        envelope.account_seq = Some(1);
    }
    Sample { name, envelope, event }
}

/// As a wallet's first event, which has none before it.
fn first(mut sample: Sample) -> Sample {
    sample.envelope.account_seq = Some(1);
    sample.envelope.previous = None;
    sample
}

fn about(subject: Subject, org: Option<OrgId>, mut sample: Sample) -> Sample {
    sample.envelope.subject = subject;
    sample.envelope.org = org;
    sample
}

pub(crate) fn bare_envelope() -> Envelope {
    Envelope {
        id: COMMAND.event(0),
        ledger: LEDGER,
        subject: Subject::Ledger(LEDGER),
        time: time("2026-11-21T09:30:00.000001Z"),
        org: None,
        app: None,
        actor: None,
        position: Position(1_048_576),
        account_seq: None,
        previous: None,
        correlation: None,
        causation: COMMAND,
        traceparent: None,
        salt: Salt(*b"\x00\x01\x02\x03\x04\x05\x06\x07\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff"),
    }
}

fn time(text: &str) -> Time {
    text.parse().expect("a time")
}

fn credits(text: &str) -> Credits {
    text.parse().expect("an amount")
}

fn holding(balance: &str) -> Balances {
    Balances { balance: credits(balance), available: credits(balance), reserved: Credits::ZERO }
}

fn asked() -> Asked {
    Asked { key: Some("order-2026/11/21#7".into()), ..keyless() }
}

pub(crate) fn keyless() -> Asked {
    Asked {
        key: None,
        request: RequestHash(*b"\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"),
    }
}

fn metadata() -> Metadata {
    let text = r#"{"model":"gpt-4.1","prompt_tokens":1183,"temperature":0.70,"exact":12345678901234567890.10,
        "note":"line\nbreak, ünïcode, 🧾","nested":{"b":[1,null,true],"a":{}}}"#;
    Metadata::new(&serde_json::from_str(text).expect("json")).expect("metadata")
}

fn slice(lot: u64, amount: &str) -> Slice {
    Slice { lot: Position(lot), amount: credits(amount) }
}

fn slices(amounts: &[(u64, &str)]) -> Slices {
    amounts.iter().map(|(lot, amount)| slice(*lot, amount)).collect()
}

fn returned(lot: u64, amount: &str, terms: LotTerms) -> ReturnedSlice {
    ReturnedSlice { lot: Position(lot), amount: credits(amount), terms }
}

/// A cost of 1.5, computed from usage.
fn priced() -> Priced {
    let line = |unit: &str, quantity: &str, cost| PriceLine {
        unit: unit.into(),
        quantity: quantity.parse().expect("a quantity"),
        cost: credits(cost),
    };
    let lines = vec![line("input_tokens", "1183", "0.25"), line("seconds", "12.5", "1.25")];
    Priced { version: Position(9), lines }
}

fn paid(expires: Option<Time>) -> LotTerms {
    LotTerms { class: Class::Paid, priority: 100, expires }
}

fn promotional(expires: Option<Time>) -> LotTerms {
    LotTerms { class: Class::Promotional, priority: 0, expires }
}
