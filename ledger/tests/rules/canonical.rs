//! A request has one spelling, and shares it with no other request.

use std::collections::HashMap;

use events::{Class, Period, Position, ProposedLot, RefundCause, WalletId};
use ledger::{
    Adjust, Capture, Check, Command, Deduct, Expiry, Freeze, Hold, HoldTerms, NewLot, Purchase, Refund,
    SetCap, SetThreshold, Unfreeze,
};
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use crate::{
    random::command,
    words::{
        OTHER_APP, adjust, amount, approve, cap, capture, check, cost, credits, days, deduct, extend, freeze,
        grant, hold, item, limit, lot, purchase, purchase_of, refund, release, roll_back, roll_back_part,
        start, threshold, unfreeze, usage,
    },
};

fn spelled(wallet: u128, command: &Command) -> Vec<u8> {
    let mut bytes = Vec::new();
    command.canonical(WalletId(Uuid::from_u128(wallet)), &mut bytes);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_equal_requests_share_their_spelling(requests in vec((0u128..2, command()), 200)) {
        let mut seen: HashMap<Vec<u8>, (u128, Command)> = HashMap::new();
        for (wallet, command) in requests {
            let bytes = spelled(wallet, &command);
            prop_assert_eq!(&bytes, &spelled(wallet, &command.clone()));
            if let Some(earlier) = seen.insert(bytes, (wallet, command.clone())) {
                prop_assert_eq!(earlier, (wallet, command));
            }
        }
    }

    #[test]
    fn a_command_travels_as_json(command in command()) {
        let text = serde_json::to_string(&command).expect("json");
        prop_assert_eq!(&serde_json::from_str::<Command>(&text).expect("a command"), &command);
    }

    #[test]
    fn no_spelling_begins_with_another(first in command(), second in command()) {
        let (first, second) = (spelled(1, &first), spelled(1, &second));
        prop_assert!(first == second || !second.starts_with(&first));
    }

    #[test]
    fn a_change_of_one_field_changes_the_spelling(first in command(), second in command()) {
        prop_assert_eq!(first == second, spelled(1, &first) == spelled(1, &second));
        prop_assert_ne!(spelled(1, &first), spelled(2, &first));
    }
}

fn bought(payment_reference: Option<&str>, price: Option<&str>) -> Command {
    let price_paid = price.map(|text| events::Price {
        amount: text.parse().expect("a decimal"),
        currency: events::Currency::parse("EUR").expect("a currency"),
    });
    let payment_reference = payment_reference.map(Box::from);
    Command::Purchase(Purchase { amount: amount("5"), lot: lot(), payment_reference, price_paid })
}

#[test]
fn near_misses_differ() {
    let after = |micros| purchase_of("5", NewLot { expiry: Some(Expiry::After(micros)), ..lot() });
    let at = purchase_of("5", NewLot { expiry: Some(Expiry::At(start())), ..lot() });
    let requests = [
        Command::OpenWallet,
        purchase("5"),
        purchase("5.000001"),
        grant("5"),
        deduct("5"),
        after(days(1)),
        after(0),
        after(start().micros()),
        at,
        roll_back(5),
        roll_back_part(5, "5"),
        roll_back_part(5, "6"),
        roll_back(6),
        bought(Some(""), None),
        bought(Some("5 EUR"), None),
        bought(None, Some("5")),
        bought(Some("5 EUR"), Some("5")),
        bought(Some("x"), Some("15")),
        bought(Some("x1"), Some("5")),
    ];
    for (index, one) in requests.iter().enumerate() {
        for other in &requests[index + 1..] {
            assert_ne!(spelled(1, one), spelled(1, other), "{one:?} and {other:?}");
        }
    }
}

/// For each command: itself, and itself with each field changed in turn.
#[test]
fn each_field_has_its_part_in_the_spelling() {
    let (kept, other) = (Some(events::Budget::from("a")), Some(events::Budget::from("b")));
    let metadata = events::Metadata::new(&serde_json::json!({"a": 1})).ok();
    let terms = HoldTerms { timeout_micros: 5, cap: Some(amount("9")) };
    let longer = HoldTerms { timeout_micros: 6, ..terms };
    let uncapped = HoldTerms { cap: None, ..terms };
    let spend = Deduct { budget: kept.clone(), metadata: metadata.clone(), ..item("5") };
    let used = [("a", "1"), ("b", "2")];
    let charges =
        [usage(&used), usage(&used[..1]), usage(&used[1..]), usage(&[("a", "2"), ("b", "2")]), cost("6")];
    let mut spends = vec![spend.clone()];
    spends.push(Deduct { service: "images".into(), ..spend.clone() });
    spends.extend(charges.iter().map(|charge| Deduct { charge: charge.clone(), ..spend.clone() }));
    spends.extend([None, other].map(|budget| Deduct { budget, ..spend.clone() }));
    spends.push(Deduct { metadata: None, ..spend.clone() });
    let mut all: Vec<Command> = spends.iter().cloned().map(Command::Deduct).collect();
    all.extend(spends.iter().map(|one| Command::DeductBatch(vec![one.clone()])));
    all.extend(spends.iter().map(|one| Command::DeductBatch(vec![one.clone(), spend.clone()])));
    all.extend(spends[1..].iter().map(|one| Command::DeductBatch(vec![spend.clone(), one.clone()])));
    for one in &spends {
        for terms in [terms, longer, uncapped] {
            let Deduct { service, charge, budget, metadata } = one.clone();
            all.push(Command::Hold(Hold { service, charge, terms, budget, metadata }));
        }
        let Deduct { charge, metadata, .. } = one.clone();
        let captured = Capture { hold: Position(1), charge: Some(charge), last: true, metadata };
        all.push(Command::Capture(Capture { last: false, ..captured.clone() }));
        all.push(Command::Capture(Capture { charge: None, ..captured.clone() }));
        all.push(Command::Capture(Capture { hold: Position(2), ..captured.clone() }));
        all.push(Command::Capture(captured));
        for hold in [None, Some(terms), Some(longer), Some(uncapped)] {
            let Deduct { service, charge, budget, .. } = one.clone();
            all.push(Command::Check(Check { service, charge, budget, hold }));
        }
    }
    all.extend(amounts_and_controls());
    let mut seen: HashMap<Vec<u8>, Command> = HashMap::new();
    for command in all {
        let bytes = spelled(1, &command);
        if let Some(earlier) = seen.insert(bytes, command.clone()) {
            assert_eq!(earlier, command, "two requests, one spelling");
        }
    }
}

fn amounts_and_controls() -> Vec<Command> {
    let refund = Refund {
        purchase: Position(1),
        cause: RefundCause::Refund,
        amount: Some(amount("1")),
        reason: Some("a".into()),
        payment_reference: Some("b".into()),
    };
    let lot = ProposedLot { class: Class::Paid, priority: 1, expires_after: Some(1) };
    let adjust = Adjust { amount: credits("1"), lot, reason: "a".into() };
    let lots = [
        ProposedLot { class: Class::Promotional, ..lot },
        ProposedLot { priority: 2, ..lot },
        ProposedLot { expires_after: None, ..lot },
        ProposedLot { expires_after: Some(2), ..lot },
    ];
    let mut all = vec![
        Command::Refund(Refund { purchase: Position(2), ..refund.clone() }),
        Command::Refund(Refund { cause: RefundCause::Chargeback, ..refund.clone() }),
        Command::Refund(Refund { amount: None, ..refund.clone() }),
        Command::Refund(Refund { reason: None, ..refund.clone() }),
        Command::Refund(Refund { reason: None, payment_reference: Some("a".into()), ..refund.clone() }),
        Command::Refund(Refund { payment_reference: None, ..refund.clone() }),
        Command::Refund(refund),
        Command::Adjust(Adjust { amount: credits("-1"), ..adjust.clone() }),
        Command::Adjust(Adjust { reason: "b".into(), ..adjust.clone() }),
    ];
    all.extend(lots.map(|lot| Command::Adjust(Adjust { lot, ..adjust.clone() })));
    all.push(Command::Adjust(adjust));
    all.extend([1, 2].into_iter().flat_map(|at| [approve(at), release(at), extend(at, 5), extend(at, 6)]));
    all.extend(["a", "b"].map(|reason| Command::Freeze(Freeze { reason: Some(reason.into()) })));
    all.extend(["a", "b"].map(|reason| Command::Unfreeze(Unfreeze { reason: Some(reason.into()) })));
    all.extend([freeze(), unfreeze(), limit("0"), limit("1"), threshold("1"), threshold("2")]);
    all.push(Command::SetThreshold(SetThreshold { threshold: None }));
    for period in [Period::Day, Period::Month, Period::Total] {
        for budget in [None, Some("a"), Some("b")] {
            all.extend([None, Some("0"), Some("1")].map(|most| cap(budget, period, most)));
        }
    }
    let Command::SetCap(mine) = cap(None, Period::Day, None) else { unreachable!("a cap") };
    all.push(Command::SetCap(SetCap { app: OTHER_APP.expect("an app"), ..mine }));
    all
}

#[test]
fn spellings_of_the_same_amount_are_one_request() {
    assert_eq!(spelled(1, &deduct("1.5")), spelled(1, &deduct("01.50")));
    assert_eq!(spelled(1, &bought(None, Some("1.5"))), spelled(1, &bought(None, Some("1.500"))));
}

/// Every operation's bytes, as they are stored in the hashes of requests: a literal that changes
/// makes answered commands unknown.
#[test]
fn the_spelling_of_every_operation_is_for_ever() {
    let commands = [
        Command::OpenWallet,
        purchase("1"),
        grant("1"),
        check("1"),
        deduct("1"),
        roll_back(7),
        hold("1"),
        capture(7, "1"),
        extend(7, 1),
        release(7),
        refund(7, None),
        adjust("1"),
        approve(7),
        freeze(),
        unfreeze(),
        limit("1"),
        cap(None, Period::Day, None),
        threshold("1"),
        Command::DeductBatch(vec![item("1")]),
    ];
    let digest = |command: &Command| Uuid::new_v5(&Uuid::nil(), &spelled(1, command)).simple().to_string();
    let name = |command: &Command| {
        let bytes = spelled(1, command);
        String::from_utf8(bytes[8..8 + usize::from(bytes[7])].to_vec()).expect("a name")
    };
    let wanted = [
        ("OpenWallet", "0f3bfb2deae5536d87a2440b8b64effd"),
        ("Purchase", "09c1c3d89e185493a865cdadee3f64cf"),
        ("Grant", "6ccd6140634f5461b324e051289daf63"),
        ("Check", "26763e99cc855020a7805176820207e9"),
        ("Deduct", "1f2b351447d6591a8e350f4dd4296f5d"),
        ("Rollback", "fafd7d9003b456f9bc3b111c73c524fa"),
        ("Hold", "32d7da33b71155d8a07c7acaf11c3e10"),
        ("Capture", "ba59578120675e1889f78e77b8ba68d6"),
        ("Extend", "76e0a937dc8958178d9505dc4468d7f8"),
        ("Release", "0edf3012638b535cba6f78839cb129a4"),
        ("Refund", "482f102f1d1150188923b32f6ae9c158"),
        ("Adjust", "9bdeb4337c925e00bfd29b0e8a3b21fd"),
        ("Approve", "d38a9495a0ac50599e7d63d35d227370"),
        ("Freeze", "07e029a4927c50d5b326de24e8cfd4dc"),
        ("Unfreeze", "11ec16cf91ba5f2ba8982b9febb2f9a3"),
        ("SetLimit", "b1f6858bf65d57f1b2466dbf3a3c06f9"),
        ("SetCap", "6693b36d863d567a9284195a3a47ed07"),
        ("SetThreshold", "92a49c72383854a3900edaa763b8bdeb"),
        ("DeductBatch", "f70cf5773e5d54ee8e0aabf0db756b03"),
    ];
    let spelled = commands.map(|command| (name(&command), digest(&command)));
    assert_eq!(spelled.each_ref().map(|(name, digest)| (&**name, &**digest)), wanted);
}
