//! The words of an operation, up to what is expected of it.

use super::{Problem, expectation};
use crate::scenarios::{
    row::{Expected, Figure, Operation, Options, Verb},
    values,
};

/// What an operation says about how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Amount,
    AmountOrNone,
    AmountOrUsage,
    Perhaps,
    PerhapsUsage,
    List,
}

const LOT: &[&str] = &["class", "priority", "expires"];
const SPENDING: &[&str] = &["service", "budget"];

/// An operation's word, what it takes, and its options beside `key`, `times` and `dry`.
type Known = (&'static str, Verb, Takes, &'static [&'static str], &'static [&'static str]);

const OPERATIONS: &[Known] = &[
    ("open", Verb::Open, Takes::Nothing, &[], &[]),
    ("purchase", Verb::Purchase, Takes::Amount, LOT, &["until"]),
    ("grant", Verb::Grant, Takes::Amount, LOT, &["until"]),
    ("check", Verb::Check, Takes::AmountOrUsage, SPENDING, &["hold", "timeout", "cap"]),
    ("deduct", Verb::Deduct, Takes::AmountOrUsage, SPENDING, &[]),
    ("atomic", Verb::Atomic, Takes::List, SPENDING, &[]),
    ("rollback", Verb::Rollback, Takes::Perhaps, &["of"], &[]),
    ("hold", Verb::Hold, Takes::AmountOrUsage, SPENDING, &["timeout", "cap"]),
    ("capture", Verb::Capture, Takes::PerhapsUsage, &["of", "last"], &[]),
    ("extend", Verb::Extend, Takes::Nothing, &["of", "timeout"], &[]),
    ("release", Verb::Release, Takes::Nothing, &["of"], &[]),
    ("refund", Verb::Refund, Takes::Perhaps, &["of"], &[]),
    ("chargeback", Verb::Chargeback, Takes::Perhaps, &["of"], &[]),
    ("adjust", Verb::Adjust, Takes::Amount, LOT, &[]),
    ("approve", Verb::Approve, Takes::Nothing, &["of"], &[]),
    ("freeze", Verb::Freeze, Takes::Nothing, &[], &[]),
    ("unfreeze", Verb::Unfreeze, Takes::Nothing, &[], &[]),
    ("limit", Verb::Limit, Takes::Amount, &[], &[]),
    ("cap", Verb::Cap, Takes::AmountOrNone, &["app", "budget", "per"], &[]),
    ("threshold", Verb::Threshold, Takes::AmountOrNone, &[], &[]),
];

pub(super) fn read(word: &str, name: &str, rest: &[&str]) -> Result<(Operation, Expected), Problem> {
    let known = OPERATIONS.iter().find(|(known, ..)| *known == word);
    let &(_, verb, takes, some, others) = known.ok_or(format!("`{word}` is no operation"))?;
    let arrow = rest.iter().position(|word| ["->", "!"].contains(word));
    let (asked, expected) = rest.split_at(arrow.ok_or("nothing is expected: `->` or `!`")?);
    let (amount, words) = figure(asked, takes)?;
    let options = read_options(words, &[some, others, &["key", "times", "dry"]].concat())?;
    let expected = expectation::of_answer(expected)?;
    if (verb == Verb::Check && expected.result.is_ok()) != expected.sufficient.is_some() {
        return Err("say `sufficient` or `insufficient` of each check that is answered".to_owned());
    }
    let lives = [Verb::Hold, Verb::Extend].contains(&verb) || options.hold.is_some();
    if lives != options.timeout.is_some() || (verb == Verb::Cap) != options.per.is_some() {
        return Err("a hold has a timeout, and a cap is per day, month or total".to_owned());
    }
    if options.dry && expected.news != Default::default() {
        return Err("a dry run does nothing to be told of".to_owned());
    }
    Ok((Operation { verb, name: name.to_owned(), amount, options }, expected))
}

/// How much, and the words after it.
fn figure<'w, 'a>(words: &'w [&'a str], takes: Takes) -> Result<(Figure, &'w [&'a str]), Problem> {
    use Takes::{AmountOrNone, AmountOrUsage, List, Nothing, Perhaps, PerhapsUsage};
    let (figure, rest) = match words {
        ["usage", list, rest @ ..] => (Figure::Usage(values::usage(list)?), rest),
        ["none", rest @ ..] if takes == AmountOrNone => return Ok((Figure::None, rest)),
        [list, rest @ ..] if takes == List => (Figure::List(values::list(list)?), rest),
        [first, rest @ ..] if first.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c)) => {
            (Figure::Credits(values::credits(first)?), rest)
        }
        rest => (Figure::None, rest),
    };
    let fits = match &figure {
        Figure::None => [Nothing, Perhaps, PerhapsUsage].contains(&takes),
        Figure::Credits(_) => takes != Nothing && takes != List,
        Figure::List(_) => takes == List,
        Figure::Usage(_) => [AmountOrUsage, PerhapsUsage].contains(&takes),
    };
    if !fits {
        return Err("an amount is missing, or one too many".to_owned());
    }
    Ok((figure, rest))
}

fn read_options(words: &[&str], allowed: &[&str]) -> Result<Options, Problem> {
    let mut options = Options::default();
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if !allowed.contains(&name) || value.is_empty() != ["last", "dry"].contains(&name) {
            return Err(format!("`{word}` is no option here"));
        }
        let text = || Some(value.to_owned());
        match name {
            "key" => options.key = text(),
            "of" => options.of = text(),
            "class" => options.class = Some(values::class(value)?),
            "priority" => options.priority = Some(values::number(value)?),
            "expires" => options.expires = Some(values::interval(value)?),
            "until" => options.until = Some(values::offset(value)?),
            "service" => options.service = text(),
            "budget" => options.budget = text(),
            "timeout" => options.timeout = Some(values::interval(value)?),
            "cap" => options.cap = Some(values::credits(value)?),
            "hold" => options.hold = text(),
            "app" => options.app = text(),
            "per" => options.per = Some(values::period(value)?),
            "times" => options.times = Some(values::number(value)?),
            "last" => options.last = true,
            "dry" => options.dry = true,
            _ => return Err(format!("`{name}` is no option")),
        }
    }
    Ok(options)
}
