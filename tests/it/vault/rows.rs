//! Changes hold their conditions, are made together or not at all, and forget what has expired.

use credit_ledger::identity::vault::{Change, Draft, Kind, Row, VaultError};

use super::{
    on_every_vault,
    subject::{Subject, at, delete, draft, until, user},
};

on_every_vault![
    what_is_written_is_read,
    conditions_hold,
    all_or_nothing,
    expired_rows_are_absent,
    owners_rows_page_and_go_together,
    kinds_are_apart,
    expiry_is_bounded,
];

async fn what_is_written_is_read(subject: &Subject) {
    let written = Draft {
        kind: Kind::Profile,
        id: "é'\"\\ %_".into(),
        owner: None,
        expires: Some(at(7)),
        body: r#"{"text":"\u0000 ü 💡 '; DROP TABLE identity_rows"}"#.into(),
    };
    assert_eq!(subject.commit(vec![Change::Insert(written.clone())], at(0)).await, Ok(()));
    for vault in [&subject.vault, &subject.beside] {
        let row = vault.get(Kind::Profile, &written.id, at(0)).await.expect("an answer");
        assert!(row == Some(Row::of(written.clone(), 1)), "{row:?}");
    }
}

async fn conditions_hold(subject: &Subject) {
    let conflict = Err(VaultError::Conflict);
    let ask = async |change: Change| subject.commit(vec![change], at(0)).await;
    assert_eq!(ask(Change::Replace(draft("a", "0"), 1)).await, conflict, "it is not there");
    assert_eq!(ask(delete("a", Some(1))).await, conflict, "it is not there");
    assert_eq!(ask(delete("a", None)).await, Ok(()), "nothing to do");
    assert_eq!(ask(Change::Insert(draft("a", "1"))).await, Ok(()));
    assert_eq!(ask(Change::Insert(draft("a", "2"))).await, conflict);
    assert_eq!(subject.find("a", at(0)).await, Some((1, "1".into())));
    assert_eq!(ask(Change::Put(draft("a", "3"))).await, Ok(()));
    assert_eq!(ask(Change::Replace(draft("a", "4"), 1)).await, conflict, "it is in version 2");
    assert_eq!(ask(delete("a", Some(1))).await, conflict);
    assert_eq!(ask(Change::Replace(draft("a", "5"), 2)).await, Ok(()));
    assert_eq!(subject.find("a", at(0)).await, Some((3, "5".into())));
    assert_eq!(ask(delete("a", Some(u64::MAX))).await, conflict);
    assert_eq!(ask(delete("a", Some(3))).await, Ok(()));
    assert_eq!(subject.find("a", at(0)).await, None);
    assert_eq!(ask(Change::Put(draft("a", "6"))).await, Ok(()));
    assert_eq!(subject.find("a", at(0)).await, Some((1, "6".into())));
}

async fn all_or_nothing(subject: &Subject) {
    subject.commit(vec![Change::Insert(draft("a", "1"))], at(0)).await.expect("a row");
    let changes = vec![
        Change::Insert(draft("b", "1")),
        Change::Put(draft("a", "2")),
        Change::DeleteOf { kind: Kind::Session, owner: user(1) },
        Change::Insert(draft("c", "1")),
        Change::Replace(draft("c", "2"), 7),
    ];
    assert_eq!(subject.commit(changes.clone(), at(0)).await, Err(VaultError::Conflict));
    assert_eq!(subject.find("a", at(0)).await, Some((1, "1".into())));
    assert_eq!(subject.find("b", at(0)).await, None);
    // A later commit works, and in the order of its changes.
    let mut changes = changes;
    changes[4] = Change::Replace(draft("c", "2"), 1);
    assert_eq!(subject.commit(changes, at(0)).await, Ok(()));
    assert_eq!(subject.find("a", at(0)).await, None);
    assert_eq!(subject.find("c", at(0)).await, Some((2, "2".into())));
    assert_eq!(subject.commit(Vec::new(), at(0)).await, Ok(()));
}

async fn expired_rows_are_absent(subject: &Subject) {
    let conflict = Err(VaultError::Conflict);
    subject.commit(vec![Change::Insert(until("a", "1", 10))], at(0)).await.expect("a row");
    assert_eq!(subject.find("a", at(9)).await, Some((1, "1".into())));
    assert_eq!(subject.find("a", at(10)).await, None, "the end is outside");
    assert_eq!(subject.commit(vec![delete("a", Some(1))], at(10)).await, conflict);
    assert_eq!(subject.commit(vec![Change::Replace(until("a", "2", 30), 1)], at(10)).await, conflict);
    assert_eq!(subject.vault.all(Kind::Session, None, 9, at(10)).await.map(|rows| rows.len()), Ok(0));
    assert_eq!(
        subject.vault.of_owner(Kind::Session, user(1), None, 9, at(10)).await.map(|rows| rows.len()),
        Ok(0)
    );
    // Its place is free before anybody cleaned up.
    assert_eq!(subject.commit(vec![Change::Insert(until("a", "3", 20))], at(9)).await, conflict);
    assert_eq!(subject.commit(vec![Change::Insert(until("a", "3", 20))], at(10)).await, Ok(()));
    assert_eq!(subject.find("a", at(11)).await, Some((1, "3".into())));
    assert_eq!(subject.commit(vec![Change::Put(draft("a", "4"))], at(20)).await, Ok(()));
    assert_eq!(subject.find("a", at(99)).await, Some((1, "4".into())));
}

async fn owners_rows_page_and_go_together(subject: &Subject) {
    let ids: Vec<_> = (0..5).map(|number| format!("{number}-Z")).chain(["9-a".to_owned()]).collect();
    let mut changes: Vec<_> = ids.iter().rev().map(|id| Change::Insert(draft(id, "{}"))).collect();
    changes.push(Change::Insert(Draft { owner: Some(user(2)), ..draft("other", "{}") }));
    changes.push(Change::Insert(Draft { owner: None, ..draft("nobody", "{}") }));
    subject.commit(changes, at(0)).await.expect("rows");
    let mut found: Vec<String> = Vec::new();
    loop {
        let after = found.last().cloned();
        let rows = subject.vault.of_owner(Kind::Session, user(1), after.as_deref(), 4, at(0)).await;
        let rows = rows.expect("a page");
        assert!(rows.iter().all(|row| row.owner == Some(user(1))));
        if rows.is_empty() {
            break;
        }
        found.extend(rows.into_iter().map(|row| String::from(row.id)));
    }
    assert_eq!(found, ids, "by id, as bytes");
    let all = subject.vault.all(Kind::Session, Some("9-a"), 9, at(0)).await.expect("a page");
    assert_eq!(all.iter().map(|row| &*row.id).collect::<Vec<_>>(), ["nobody", "other"]);
    let gone = Change::DeleteOf { kind: Kind::Session, owner: user(1) };
    subject.commit(vec![gone], at(0)).await.expect("they go");
    let left = subject.vault.all(Kind::Session, None, 9, at(0)).await.expect("a page");
    assert_eq!(left.iter().map(|row| &*row.id).collect::<Vec<_>>(), ["nobody", "other"]);
}

async fn kinds_are_apart(subject: &Subject) {
    let of = |&kind: &Kind| Change::Insert(Draft { kind, ..draft("same", kind.as_str()) });
    subject.commit(Kind::ALL.iter().map(of).collect(), at(0)).await.expect("rows");
    for &kind in Kind::ALL {
        let rows = subject.vault.of_owner(kind, user(1), None, 9, at(0)).await.expect("a page");
        let [row] = &rows[..] else { panic!("{} rows", rows.len()) };
        assert_eq!((row.kind, &*row.body), (kind, kind.as_str()));
    }
}

async fn expiry_is_bounded(subject: &Subject) {
    let mut changes: Vec<_> = (0..7).map(|n| Change::Insert(until(&n.to_string(), "{}", n))).collect();
    changes.push(Change::Insert(draft("stays", "{}")));
    subject.commit(changes, at(-1)).await.expect("rows");
    assert_eq!(subject.vault.expire(at(4), 3).await, Ok(3));
    assert_eq!(subject.vault.expire(at(4), 3).await, Ok(2), "0 to 4");
    assert_eq!(subject.vault.expire(at(4), 3).await, Ok(0));
    let left = subject.vault.all(Kind::Session, None, 9, at(-1)).await.expect("a page");
    assert_eq!(left.iter().map(|row| &*row.id).collect::<Vec<_>>(), ["5", "6", "stays"]);
}
