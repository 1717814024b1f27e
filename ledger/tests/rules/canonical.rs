//! A request has one spelling, and shares it with no other request.

use std::collections::HashMap;

use events::WalletId;
use ledger::{Command, Expiry, NewLot, Purchase};
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use crate::{
    random::command,
    words::{amount, days, deduct, grant, lot, purchase, purchase_of, roll_back, roll_back_part, start},
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

#[test]
fn spellings_of_the_same_amount_are_one_request() {
    assert_eq!(spelled(1, &deduct("1.5")), spelled(1, &deduct("01.50")));
    assert_eq!(spelled(1, &bought(None, Some("1.5"))), spelled(1, &bought(None, Some("1.500"))));
}
