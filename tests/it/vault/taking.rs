//! One-time things: of all who try at once, one gets it.

use credit_ledger::identity::vault::{Change, Kept, Kind, Shelf, VaultError};
use futures::future::join_all;
use serde::{Deserialize, Serialize};

use super::{
    on_every_vault,
    subject::{Subject, at, draft, user},
};

on_every_vault![
    of_a_hundred_takers_one_succeeds,
    of_a_hundred_writers_each_version_has_one,
    of_a_hundred_inserters_one_succeeds,
    commits_that_cross_do_not_hang,
    values_keep_their_type,
];

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Code {
    uses: u32,
}

impl Kept for Code {
    const KIND: Kind = Kind::Code;
}

async fn of_a_hundred_takers_one_succeeds(subject: &Subject) {
    let shelves = [subject.shelf(), Shelf::new(subject.beside.clone())];
    shelves[0].insert("code", Some(user(1)), Some(at(60)), &Code { uses: 7 }, at(0)).await.expect("a code");
    let takers = (0..100).map(|number| {
        let shelf = shelves[number % 2].clone();
        tokio::spawn(async move { shelf.take::<Code>("code", at(1)).await })
    });
    let taken: Vec<_> = join_all(takers).await.into_iter().map(|joined| joined.expect("an end")).collect();
    let got: Vec<_> = taken.into_iter().filter_map(|taken| taken.expect("an answer")).collect();
    let [code] = &got[..] else { panic!("{} took it", got.len()) };
    assert_eq!((code.owner, &code.value), (Some(user(1)), &Code { uses: 7 }));
    assert_eq!(shelves[1].get::<Code>("code", at(1)).await, Ok(None));
}

async fn of_a_hundred_writers_each_version_has_one(subject: &Subject) {
    let shelf = subject.shelf();
    shelf.insert("code", None, None, &Code { uses: 0 }, at(0)).await.expect("a code");
    let writers = (0..100).map(|number| {
        let shelf = if number % 2 == 0 { shelf.clone() } else { Shelf::new(subject.beside.clone()) };
        tokio::spawn(async move {
            let mut code = shelf.get::<Code>("code", at(1)).await.expect("an answer").expect("a code");
            code.value.uses += 1;
            shelf.replace(&code, at(1)).await
        })
    });
    let written: Vec<_> = join_all(writers).await.into_iter().map(|joined| joined.expect("an end")).collect();
    assert!(written.iter().all(|result| matches!(result, Ok(()) | Err(VaultError::Conflict))));
    let wrote = written.iter().filter(|result| result.is_ok()).count();
    let code = shelf.get::<Code>("code", at(1)).await.expect("an answer").expect("a code");
    assert!(wrote > 0);
    assert_eq!((code.value.uses as usize, code.version as usize), (wrote, wrote + 1), "none was lost");
}

async fn of_a_hundred_inserters_one_succeeds(subject: &Subject) {
    let inserters = (0..100).map(|number: u32| {
        let vault = if number.is_multiple_of(2) { subject.vault.clone() } else { subject.beside.clone() };
        let changes =
            vec![Change::Insert(draft(&format!("{number}"), "1")), Change::Insert(draft("only", "1"))];
        tokio::spawn(async move { vault.commit(changes, at(0)).await })
    });
    let done: Vec<_> = join_all(inserters).await.into_iter().map(|joined| joined.expect("an end")).collect();
    assert_eq!(done.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(done.iter().filter(|result| **result == Err(VaultError::Conflict)).count(), 99);
    let rows = subject.vault.all(Kind::Session, None, 1000, at(0)).await.expect("a page");
    assert_eq!(rows.len(), 2, "the only one, and that of who got it");
}

/// Two rows, written in one order by half of the commits and in the other by the others.
async fn commits_that_cross_do_not_hang(subject: &Subject) {
    let commits = (0..40).map(|number: u32| {
        let vault = if number.is_multiple_of(2) { subject.vault.clone() } else { subject.beside.clone() };
        let mut changes = vec![Change::Put(draft("a", "1")), Change::Put(draft("b", "1"))];
        if number.is_multiple_of(2) {
            changes.reverse();
        }
        tokio::spawn(async move { vault.commit(changes, at(0)).await })
    });
    for done in join_all(commits).await {
        assert_eq!(done.expect("an end"), Ok(()));
    }
    assert_eq!(subject.find("a", at(0)).await.map(|(version, _)| version), Some(40));
    assert_eq!(subject.find("b", at(0)).await.map(|(version, _)| version), Some(40));
}

async fn values_keep_their_type(subject: &Subject) {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Other {
        name: String,
    }
    impl Kept for Other {
        const KIND: Kind = Kind::Code;
    }
    let shelf = subject.shelf();
    shelf.put("code", None, None, &Code { uses: 3 }, at(0)).await.expect("a code");
    let Err(VaultError::Corrupt { kind: Kind::Code, id, why }) = shelf.get::<Other>("code", at(0)).await
    else {
        panic!("another type was read");
    };
    assert_eq!((&*id, why.contains("uses")), ("code", false), "nothing of the body is told");
    shelf.delete::<Code>("code", at(0)).await.expect("gone");
    assert_eq!(shelf.all::<Code>(None, 9, at(0)).await, Ok(Vec::new()));
    assert_eq!(shelf.of_owner::<Code>(user(1), None, 9, at(0)).await, Ok(Vec::new()));
}
