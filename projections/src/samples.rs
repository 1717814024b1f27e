//! Histories for tests, and the means to spoil them.

pub(crate) mod whole;

use events::{
    AppId, AppRegistered, Asked, Balances, Class, CommandId, CommandRefused, Credits, CreditsChecked,
    CreditsDeducted, CreditsExpired, CreditsGranted, CreditsPurchased, DeductionRolledBack, Envelope, Event,
    LedgerId, LotTerms, Operation, OrgId, OrganizationRegistered, Position, Recorded, Refusal, RequestHash,
    ReturnedSlice, Salt, Slice, Slices, Subject, Time, WalletId, WalletOpened,
};

pub(crate) const LEDGER: &str = "00000000-0000-4000-8000-000000000001";
pub(crate) const ORG: &str = "00000000-0000-4000-8000-000000000002";
pub(crate) const APP: &str = "00000000-0000-4000-8000-000000000003";

pub(crate) fn org() -> OrgId {
    ORG.parse().expect("an id")
}

pub(crate) fn app() -> AppId {
    APP.parse().expect("an id")
}

pub(crate) fn wallet(number: u8) -> WalletId {
    format!("00000000-0000-4000-9000-0000000000{number:02x}").parse().expect("an id")
}

pub(crate) fn command(number: u64) -> CommandId {
    format!("{number:08x}-0000-4000-a000-000000000000").parse().expect("an id")
}

pub(crate) fn credits(whole: i64) -> Credits {
    Credits::from_micros(whole * 1_000_000)
}

pub(crate) fn balances(whole: i64) -> Balances {
    Balances { balance: credits(whole), available: credits(whole), reserved: Credits::ZERO }
}

pub(crate) fn asked() -> Asked {
    Asked { key: Some("key".into()), request: RequestHash([7; 16]) }
}

pub(crate) fn terms(class: Class, expires: Option<i64>) -> LotTerms {
    LotTerms { class, priority: 1, expires: expires.map(Time::from_micros) }
}

pub(crate) fn slice(lot: u64, whole: i64) -> Slice {
    Slice { lot: Position(lot), amount: credits(whole) }
}

/// Event number `position`, the only one of its command.
pub(crate) fn recorded(position: u64, chain: Option<(u8, u64, Option<u64>)>, event: Event) -> Recorded {
    let subject = chain.map_or(Subject::Organization(org()), |(number, ..)| Subject::Wallet(wallet(number)));
    let envelope = Envelope {
        id: command(position).event(0),
        ledger: LEDGER.parse::<LedgerId>().expect("an id"),
        subject,
        time: Time::from_micros(1_000 + position as i64),
        org: Some(org()),
        app: chain.map(|_| app()),
        actor: None,
        position: Position(position),
        account_seq: chain.map(|(_, seq, _)| seq),
        previous: chain.and_then(|(.., previous)| previous).map(Position),
        correlation: None,
        causation: command(position),
        traceparent: None,
        salt: Salt([0; 16]),
    };
    Recorded { envelope, event }
}

/// Everything that can happen to a wallet, in 14 events: wallet 1 ends with 62 credits, wallet 2 with 3.
pub(crate) fn history() -> Vec<Recorded> {
    let paid = terms(Class::Paid, None);
    let promotional = terms(Class::Promotional, Some(1_011));
    let returned = |lot, whole, terms| ReturnedSlice { lot: Position(lot), amount: credits(whole), terms };
    let rollback = |amount, so_far, slices, balance| DeductionRolledBack {
        asked: asked(),
        deduction: Position(6),
        service: Some("chat".into()),
        spender: Some(app()),
        spent: Some(Time::from_micros(1_006)),
        budget: None,
        overdrawn: Credits::ZERO,
        formed: None,
        settled: Slices::new(),
        amount: credits(amount),
        returned: credits(so_far),
        slices,
        reason: None,
        wallet: balances(balance),
    };
    let slices = [slice(5, 10), slice(4, 30)].into_iter().collect();
    let deducted = |whole, slices, balance| CreditsDeducted {
        asked: Some(asked()),
        service: "chat".into(),
        cost: credits(whole),
        slices,
        overdrawn: Credits::ZERO,
        price: None,
        budget: None,
        batch: None,
        metadata: None,
        wallet: balances(balance),
    };
    vec![
        recorded(0, None, OrganizationRegistered { organization: org(), name: "Acme".into() }.into()),
        recorded(1, None, AppRegistered { app: app(), organization: org(), name: "chat".into() }.into()),
        recorded(2, Some((1, 1, None)), WalletOpened { asked: Some(asked()), wallet: balances(0) }.into()),
        recorded(3, Some((2, 1, None)), WalletOpened { asked: Some(asked()), wallet: balances(0) }.into()),
        recorded(4, Some((1, 2, Some(2))), purchased(100, paid, 100)),
        recorded(5, Some((1, 3, Some(4))), granted(10, promotional, 110)),
        recorded(6, Some((1, 4, Some(5))), deducted(40, slices, 70).into()),
        recorded(7, Some((1, 4, Some(6))), checked(70)),
        recorded(8, Some((1, 4, Some(7))), refused(70)),
        recorded(9, Some((1, 5, Some(8))), rollback(30, 30, vec![returned(4, 30, paid)], 100).into()),
        recorded(10, Some((1, 6, Some(9))), rollback(4, 34, vec![returned(5, 4, promotional)], 104).into()),
        recorded(11, Some((1, 7, Some(10))), expired(5, 4, 100)),
        recorded(12, Some((2, 2, Some(3))), purchased(3, paid, 3)),
        recorded(13, Some((1, 8, Some(11))), deducted(38, [slice(4, 38)].into_iter().collect(), 62).into()),
    ]
}

fn purchased(whole: i64, lot: LotTerms, balance: i64) -> Event {
    CreditsPurchased {
        asked: asked(),
        amount: credits(whole),
        lot,
        payment_reference: Some("pay_1".into()),
        price_paid: None,
        settled: Slices::new(),
        wallet: balances(balance),
    }
    .into()
}

fn granted(whole: i64, lot: LotTerms, balance: i64) -> Event {
    let (asked, amount, settled, wallet) = (asked(), credits(whole), Slices::new(), balances(balance));
    CreditsGranted { asked, amount, lot, reason: None, settled, wallet }.into()
}

fn checked(balance: i64) -> Event {
    CreditsChecked {
        asked: asked(),
        service: "chat".into(),
        cost: credits(1),
        sufficient: true,
        price: None,
        budget: None,
        hold: None,
        wallet: balances(balance),
    }
    .into()
}

fn refused(balance: i64) -> Event {
    let refusal = Refusal::InsufficientCredits { available: credits(balance), required: credits(500) };
    let (asked, operation, item, wallet) = (asked(), Operation::Deduct, None, balances(balance));
    CommandRefused { asked, operation, refusal, item, wallet }.into()
}

fn expired(lot: u64, whole: i64, balance: i64) -> Event {
    CreditsExpired { lot: Position(lot), amount: credits(whole), wallet: balances(balance) }.into()
}
