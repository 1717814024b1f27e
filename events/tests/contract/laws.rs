//! Laws of the encoding, for arbitrary events.

use events::{
    AppId, Asked, Balances, BatchItem, CommandId, Credits, CreditsDeducted, Envelope, EventId, LedgerId,
    Metadata, OrgId, Position, PriceLine, Priced, Quantity, Recorded, RequestHash, Salt, Slice, Subject,
    Time, WalletId, decode, encode,
};
use proptest::{collection::vec, option, prelude::*};
use serde_json::Value;
use uuid::Uuid;

fn ids() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn credits() -> impl Strategy<Value = Credits> {
    prop_oneof![any::<i64>(), -2_000_000..2_000_000_i64].prop_map(Credits::from_micros)
}

fn texts() -> impl Strategy<Value = Box<str>> {
    vec(any::<char>(), 0..40).prop_map(|chars| chars.into_iter().collect())
}

fn times() -> impl Strategy<Value = Time> {
    // Years 0001 to 9999.
    (-62_135_596_800_000_000..=253_402_207_200_000_000_i64).prop_map(Time::from_micros)
}

/// Any JSON object; numbers as texts of up to 25 digits, which no binary number could hold.
fn objects() -> impl Strategy<Value = Value> {
    let number = ("-?[1-9][0-9]{0,24}(\\.[0-9]{1,9})?")
        .prop_map(|text| serde_json::from_str::<Value>(&text).expect("a number"));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number,
        texts().prop_map(|text| Value::String(text.into())),
    ];
    let map = |inner: BoxedStrategy<Value>| {
        vec((texts(), inner), 0..5).prop_map(|fields| {
            Value::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
        })
    };
    let value = leaf.prop_recursive(3, 20, 5, move |inner| {
        prop_oneof![vec(inner.clone(), 0..5).prop_map(Value::Array), map(inner)]
    });
    map(value.boxed())
}

/// What happens to one byte of an event.
#[derive(Debug, Clone)]
enum Change {
    Replace(u8),
    Insert(u8),
    Remove,
}

fn change() -> impl Strategy<Value = Change> {
    // Bytes that mean something in JSON or in a value, and any other.
    let byte = || prop_oneof![prop::sample::select(b"\"\\{}[],: +-.0179aAfFZ".to_vec()), any::<u8>()];
    prop_oneof![byte().prop_map(Change::Replace), byte().prop_map(Change::Insert), Just(Change::Remove)]
}

prop_compose! {
    fn envelopes()(
        (id, ledger, wallet, causation) in (ids(), ids(), ids(), ids()),
        (org, app) in (option::of(ids()), option::of(ids())),
        time in times(),
        (position, account_seq, previous) in (any::<u64>(), option::of(any::<u64>()), option::of(any::<u64>())),
        (actor, correlation, traceparent) in (option::of(texts()), option::of(texts()), option::of(texts())),
        salt in any::<[u8; 16]>(),
    ) -> Envelope {
        Envelope {
            id: EventId(id),
            ledger: LedgerId(ledger),
            subject: Subject::Wallet(WalletId(wallet)),
            time,
            org: org.map(OrgId),
            app: app.map(AppId),
            actor,
            position: Position(position),
            account_seq,
            previous: previous.map(Position),
            correlation,
            causation: CommandId(causation),
            traceparent,
            salt: Salt(salt),
        }
    }
}

prop_compose! {
    fn prices()(version in any::<u64>(), lines in vec((texts(), 0..i64::MAX, credits()), 0..4)) -> Priced {
        let line = |(unit, micros, cost)| {
            let quantity = Quantity::from_micros(micros).expect("a quantity");
            PriceLine { unit, quantity, cost }
        };
        Priced { version: Position(version), lines: lines.into_iter().map(line).collect() }
    }
}

prop_compose! {
    fn deductions()(
        (asked, key) in (any::<bool>(), option::of(texts())),
        request in any::<[u8; 16]>(),
        service in texts(),
        (cost, balance, available, reserved) in (credits(), credits(), credits(), credits()),
        slices in vec((any::<u64>(), credits()), 0..6),
        (overdrawn, budget) in (credits(), option::of(texts())),
        batch in option::of((any::<u16>(), any::<u16>()).prop_map(|(index, size)| BatchItem { index, size })),
        price in option::of(prices()),
        metadata in option::of(objects()),
    ) -> CreditsDeducted {
        CreditsDeducted {
            asked: asked.then_some(Asked { key, request: RequestHash(request) }),
            service,
            cost,
            slices: slices.into_iter().map(|(lot, amount)| Slice { lot: Position(lot), amount }).collect(),
            overdrawn,
            price: price.map(Box::new),
            budget: budget.map(events::Budget::from),
            batch,
            metadata: metadata.map(|value| Metadata::new(&value).expect("a small object")),
            wallet: Balances { balance, available, reserved },
        }
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(envelope in envelopes(), deduction in deductions()) {
        let recorded = Recorded { envelope, event: deduction.into() };
        let mut bytes = Vec::new();
        encode(&recorded.envelope, &recorded.event, &mut bytes).expect("a small event");
        prop_assert_eq!(decode(&bytes).expect("an event"), recorded);
    }

    /// The quick reader of the written form and the general one agree, also on what is no event.
    #[test]
    fn a_changed_byte_is_read_or_refused_by_either_reader_alike(
        envelope in envelopes(),
        deduction in deductions(),
        changes in vec((any::<prop::sample::Index>(), change()), 1..3),
    ) {
        let mut bytes = Vec::new();
        encode(&envelope, &deduction.into(), &mut bytes).expect("a small event");
        for (at, change) in changes {
            let at = at.index(bytes.len());
            match change {
                Change::Replace(byte) => bytes[at] = byte,
                Change::Insert(byte) => bytes.insert(at, byte),
                Change::Remove => drop(bytes.remove(at)),
            }
        }
        let general = serde_json::from_slice::<Recorded>(&bytes).ok();
        prop_assert_eq!(decode(&bytes).ok(), general, "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn an_event_is_one_line_whatever_it_holds(envelope in envelopes(), deduction in deductions()) {
        let mut bytes = Vec::new();
        encode(&envelope, &deduction.into(), &mut bytes).expect("a small event");
        prop_assert!(!bytes.iter().any(|byte| *byte < b' '), "no control character is written raw");
        let document: Value = serde_json::from_slice(&bytes).expect("json");
        prop_assert!(document.is_object());
    }

    #[test]
    fn metadata_is_the_same_whatever_the_spaces(object in objects()) {
        let compact = Metadata::new(&object).expect("a small object");
        let spaced = serde_json::from_str(&format!(" {object:#} \n")).expect("json");
        prop_assert_eq!(Metadata::new(&spaced).expect("a small object"), compact);
    }
}
