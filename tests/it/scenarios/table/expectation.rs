//! The words after `->` or `!`.

use super::Problem;
use crate::scenarios::{
    row::{Expected, Lots, News},
    values,
};

/// What an answer says, and what happened beside it.
pub(super) fn of_answer(words: &[&str]) -> Result<Expected, Problem> {
    let expected = read(words)?;
    if expected.frozen || expected.lots.is_some() || expected.holds.is_some() {
        return Err("only `state` tells lots, holds and whether a wallet is frozen".to_owned());
    }
    Ok(expected)
}

/// What time has done: news and the balance, nothing else.
pub(super) fn of_time(words: &[&str]) -> Result<Expected, Problem> {
    let expected = read(words)?;
    let (result, news) = (expected.result.clone(), expected.news.clone());
    let alone = Expected { news, ..Expected::of(result) } == expected && expected.result.is_ok();
    if alone {
        Ok(expected)
    } else {
        Err("time gives no answer: say the balance, and what happened".to_owned())
    }
}

/// What is in a wallet: nothing that happens.
pub(super) fn of_state(words: &[&str]) -> Result<Expected, Problem> {
    let expected = read(words)?;
    let Expected { result, frozen, lots, holds, members, .. } = expected.clone();
    let alone = Expected { frozen, lots, holds, members, ..Expected::of(result) } == expected;
    if alone && expected.result.is_ok() {
        Ok(expected)
    } else {
        Err("a state is a balance, members, lots and holds".to_owned())
    }
}

impl Expected {
    /// Nothing but a result.
    fn of(result: Result<events::Credits, String>) -> Self {
        Self {
            result,
            replayed: false,
            proposed: false,
            frozen: false,
            sufficient: None,
            slices: None,
            beyond: None,
            lines: None,
            lots: None,
            holds: None,
            news: News::default(),
            members: Default::default(),
        }
    }
}

fn read(words: &[&str]) -> Result<Expected, Problem> {
    let (result, mut words) = match words {
        ["->", balance, rest @ ..] => (Ok(values::credits(balance)?), rest.iter()),
        ["!", code, rest @ ..] => (Err((*code).to_owned()), rest.iter()),
        _ => return Err("a balance or a code is missing".to_owned()),
    };
    let mut expected = Expected::of(result);
    while let Some(&word) = words.next() {
        match word {
            "replayed" => expected.replayed = true,
            "proposed" => expected.proposed = true,
            "frozen" => expected.frozen = true,
            "low" => expected.news.low = true,
            "sufficient" => expected.sufficient = Some(true),
            "insufficient" => expected.sufficient = Some(false),
            "slices" | "beyond" | "lines" | "lots" | "holds" | "expired" | "released" | "settled" => {
                let lots = values::lots(words.next().ok_or(format!("which are the {word}?"))?)?;
                expected.list(word, lots);
            }
            member => {
                let (name, value) = member.split_once('=').ok_or(format!("`{member}` is not understood"))?;
                expected.members.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    Ok(expected)
}

impl Expected {
    fn list(&mut self, word: &str, lots: Lots) {
        match word {
            "slices" => self.slices = Some(lots),
            "beyond" => self.beyond = Some(lots),
            "lines" => self.lines = Some(lots),
            "lots" => self.lots = Some(lots),
            "holds" => self.holds = Some(lots),
            "expired" => self.news.expired = lots,
            "released" => self.news.released = lots,
            "settled" => self.news.settled = lots,
            other => unreachable!("`{other}` is no list"),
        }
    }
}
