//! One event of each shape: all optional fields there, and all absent.

use events::{
    ApiKeyIssued, ApiKeyRevoked, AppId, AppRegistered, Asked, Balances, Class, CommandId, CommandRefused,
    Credits, CreditsChecked, CreditsDeducted, CreditsExpired, CreditsGranted, CreditsPurchased, Currency,
    DeductionRolledBack, Envelope, Event, KeyId, LedgerId, LotTerms, Metadata, Operation, OrgId,
    OrganizationRegistered, Position, Price, Refusal, RequestHash, ReturnedSlice, Salt, Slice, Subject, Time,
    Verifier, WalletId, WalletOpened, WriterChanged,
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
    let mut samples = credits_in();
    samples.extend(credits_out());
    samples.extend(refusals());
    samples.extend(others());
    samples
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

fn paid(expires: Option<Time>) -> LotTerms {
    LotTerms { class: Class::Paid, priority: 100, expires }
}

fn promotional(expires: Option<Time>) -> LotTerms {
    LotTerms { class: Class::Promotional, priority: 0, expires }
}

fn credits_in() -> Vec<Sample> {
    let expires = Some(time("2027-11-21T00:00:00Z"));
    let purchase = CreditsPurchased {
        asked: keyless(),
        amount: credits("0.000001"),
        lot: paid(None),
        payment_reference: None,
        price_paid: None,
        wallet: holding("0.000001"),
    };
    let price = Price {
        amount: "19.990".parse().expect("a price"),
        currency: Currency::parse("EUR").expect("a currency"),
    };
    let full_purchase = CreditsPurchased {
        asked: asked(),
        amount: credits("9223372036854.775807"),
        lot: paid(expires),
        payment_reference: Some("pi_3Q\"x\"".into()),
        price_paid: Some(price),
        wallet: holding("9223372036854.775807"),
    };
    let grant = CreditsGranted {
        asked: keyless(),
        amount: credits("25"),
        lot: promotional(None),
        reason: None,
        wallet: holding("25"),
    };
    let full_grant = CreditsGranted {
        asked: asked(),
        lot: promotional(expires),
        reason: Some("welcome".into()),
        wallet: Balances { balance: credits("25"), available: credits("20.5"), reserved: credits("4.5") },
        ..grant.clone()
    };
    let opened = WalletOpened { asked: None, wallet: holding("0") };
    let full_opened = WalletOpened { asked: Some(asked()), ..opened.clone() };
    let expired = CreditsExpired { lot: Position(12), amount: credits("3.25"), wallet: holding("-1.5") };
    vec![
        first(full("01-by-command", full_opened)),
        bare("02-by-first-credit", opened),
        full("01-full", full_purchase),
        bare("02-bare", purchase),
        full("01-full", full_grant),
        bare("02-bare", grant),
        full("01-full", expired.clone()),
        bare("02-bare", expired),
    ]
}

fn credits_out() -> Vec<Sample> {
    let check = CreditsChecked {
        asked: keyless(),
        service: "chat".into(),
        cost: credits("0.5"),
        sufficient: false,
        wallet: holding("0"),
    };
    let full_check =
        CreditsChecked { asked: asked(), sufficient: true, wallet: holding("12"), ..check.clone() };
    let slice = |lot, amount: &str| Slice { lot: Position(lot), amount: credits(amount) };
    let deduction = CreditsDeducted {
        asked: keyless(),
        service: "chat".into(),
        cost: credits("1.5"),
        slices: [slice(12, "1.5")].into_iter().collect(),
        metadata: None,
        wallet: holding("98.5"),
    };
    let full_deduction = CreditsDeducted {
        asked: asked(),
        slices: [slice(12, "0.25"), slice(40, "1"), slice(1_000_000, "0.25")].into_iter().collect(),
        metadata: Some(metadata()),
        ..deduction.clone()
    };
    let given =
        |lot, amount: &str, terms| ReturnedSlice { lot: Position(lot), amount: credits(amount), terms };
    let rollback = DeductionRolledBack {
        asked: keyless(),
        deduction: Position(41),
        amount: credits("1.5"),
        returned: credits("1.5"),
        slices: vec![given(12, "1.5", paid(None))],
        reason: None,
        wallet: holding("100"),
    };
    let full_rollback = DeductionRolledBack {
        asked: asked(),
        amount: credits("0.75"),
        slices: vec![
            given(40, "0.5", promotional(Some(time("2027-01-01T00:00:00Z")))),
            given(12, "0.25", paid(None)),
        ],
        reason: Some("the model failed".into()),
        ..rollback.clone()
    };
    vec![
        full("01-full", full_check),
        bare("02-bare", check),
        full("01-full", full_deduction),
        bare("02-bare", deduction),
        full("01-full", full_rollback),
        bare("02-bare", rollback),
    ]
}

fn refusals() -> Vec<Sample> {
    let refused =
        |operation, refusal| CommandRefused { asked: asked(), operation, refusal, wallet: holding("1") };
    let insufficient = Refusal::InsufficientCredits { available: credits("1"), required: credits("1.5") };
    let exceeding = Refusal::RollbackExceedsDeduction { remaining: credits("0.5"), requested: credits("1") };
    let keyless = CommandRefused { asked: keyless(), ..refused(Operation::Check, insufficient) };
    vec![
        full("01-insufficient-credits", refused(Operation::Deduct, insufficient)),
        full("02-wallet-already-exists", refused(Operation::OpenWallet, Refusal::WalletAlreadyExists)),
        full("03-rollback-exceeds-deduction", refused(Operation::Rollback, exceeding)),
        full("04-too-many-lots", refused(Operation::Purchase, Refusal::TooManyLots)),
        full("05-balance-overflow", refused(Operation::Grant, Refusal::BalanceOverflow)),
        bare("06-bare", keyless),
    ]
}

fn others() -> Vec<Sample> {
    let organization = OrganizationRegistered { organization: ORG, name: "default".into() };
    let app = AppRegistered { app: APP, organization: ORG, name: "Chat bot 2.0".into() };
    let verifier = Verifier(*b"\x80\x81\x82\x83\x84\x85\x86\x87\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x90\x91\x92\x93\x94\x95\x96\x97\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f");
    let scopes = vec!["credits:check".into(), "credits:deduct".into()];
    let issued = ApiKeyIssued { key: KEY, app: APP, scopes, verifier };
    let revoked = ApiKeyRevoked { key: KEY, app: APP };
    let writer = WriterChanged { epoch: 1_048_577 };
    let (of_org, of_app) = (Subject::Organization(ORG), Subject::App(APP));
    vec![
        about(of_org, Some(ORG), full("01-full", organization.clone())),
        about(of_org, Some(ORG), bare("02-bare", organization)),
        about(of_app, Some(ORG), full("01-full", app.clone())),
        about(of_app, Some(ORG), bare("02-bare", app)),
        about(of_app, Some(ORG), full("01-full", issued.clone())),
        about(of_app, Some(ORG), bare("02-bare", issued)),
        about(of_app, Some(ORG), full("01-full", revoked.clone())),
        about(of_app, Some(ORG), bare("02-bare", revoked)),
        bare("01-bare", writer),
    ]
}
