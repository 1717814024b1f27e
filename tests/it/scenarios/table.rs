//! Reads scenario files; `tests/scenarios/README.md` explains their rows.

use std::{str::FromStr, time::Duration};

use events::{Class, Credits};

use super::row::{Expected, Lots, Operation, Options, Row, Says, Verb};

type Problem = String;

/// The rows of a scenario.
///
/// # Panics
/// When a row cannot be read; a scenario that is not understood must not pass.
pub(super) fn parse(file: &str, text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let said = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = said.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let says = read(&words).unwrap_or_else(|problem| panic!("{file}:{}: {problem}\n  {line}", index + 1));
        rows.push(Row { line: index + 1, text: said.trim_end().to_owned(), says });
    }
    rows
}

fn read(words: &[&str]) -> Result<Says, Problem> {
    match words {
        ["wallet", name] => Ok(Says::Wallet((*name).to_owned())),
        ["app", name] | ["app", name, "org=home"] => {
            Ok(Says::App { name: (*name).to_owned(), elsewhere: false })
        }
        ["app", name, "org=elsewhere"] => Ok(Says::App { name: (*name).to_owned(), elsewhere: true }),
        ["at", moment] => offset(moment).map(Says::At),
        [verb, name, rest @ ..] => operation(verb, name, rest),
        [] | [_] => Err("a row has at least two words".to_owned()),
    }
}

fn operation(verb: &str, name: &str, rest: &[&str]) -> Result<Says, Problem> {
    let verb = match verb {
        "open" => Verb::Open,
        "purchase" => Verb::Purchase,
        "grant" => Verb::Grant,
        "check" => Verb::Check,
        "deduct" => Verb::Deduct,
        "rollback" => Verb::Rollback,
        other => return Err(format!("`{other}` is no operation")),
    };
    let arrow = rest.iter().position(|word| ["->", "!"].contains(word));
    let (asked, expected) = rest.split_at(arrow.ok_or("nothing is expected: `->` or `!`")?);
    let (amount, options) = match asked {
        [first, others @ ..] if !first.contains('=') => (Some(credits(first)?), others),
        others => (None, others),
    };
    let needs_amount = !matches!(verb, Verb::Open | Verb::Rollback);
    if needs_amount && amount.is_none() || verb == Verb::Open && amount.is_some() {
        return Err("an amount is missing, or one too many".to_owned());
    }
    let expected = expectation(expected)?;
    if (verb == Verb::Check && expected.result.is_ok()) != expected.sufficient.is_some() {
        return Err("say `sufficient` or `insufficient` of each check that is answered".to_owned());
    }
    let operation = Operation { verb, name: name.to_owned(), amount, options: read_options(options)? };
    Ok(Says::Do(Box::new((operation, expected))))
}

fn read_options(words: &[&str]) -> Result<Options, Problem> {
    let mut options = Options::default();
    for word in words {
        let (name, value) = word.split_once('=').ok_or(format!("`{word}` is no option"))?;
        match name {
            "key" => options.key = Some(value.to_owned()),
            "class" => options.class = Some(class(value)?),
            "priority" => options.priority = Some(number(value)?),
            "expires" => options.expires = Some(interval(value)?),
            "until" => options.until = Some(offset(value)?),
            "times" => options.times = Some(number(value)?),
            _ => return Err(format!("`{name}` is no option")),
        }
    }
    Ok(options)
}

fn expectation(words: &[&str]) -> Result<Expected, Problem> {
    let (result, mut words) = match words {
        ["->", balance, rest @ ..] => (Ok(credits(balance)?), rest.iter()),
        ["!", code, rest @ ..] => (Err((*code).to_owned()), rest.iter()),
        _ => return Err("a balance or a code is missing".to_owned()),
    };
    let mut expected = Expected {
        result,
        replayed: false,
        sufficient: None,
        slices: None,
        expired: Lots::default(),
        members: Default::default(),
    };
    while let Some(word) = words.next() {
        match *word {
            "replayed" => expected.replayed = true,
            "sufficient" => expected.sufficient = Some(true),
            "insufficient" => expected.sufficient = Some(false),
            "slices" => expected.slices = Some(lots(words.next().ok_or("which slices?")?)?),
            "expired" => expected.expired = lots(words.next().ok_or("what has expired?")?)?,
            member => {
                let (name, value) = member.split_once('=').ok_or(format!("`{member}` is not understood"))?;
                expected.members.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    Ok(expected)
}

fn lots(text: &str) -> Result<Lots, Problem> {
    let (text, and_more) = text.strip_suffix(",…").map_or((text, false), |text| (text, true));
    let one = |part: &str| {
        let (name, amount) = part.split_once(':').ok_or(format!("`{part}` is no LOT:AMOUNT"))?;
        Ok((name.to_owned(), credits(amount)?))
    };
    Ok(Lots { named: text.split(',').map(one).collect::<Result<_, Problem>>()?, and_more })
}

fn credits(text: &str) -> Result<Credits, Problem> {
    text.parse().map_err(|error| format!("`{text}`: {error}"))
}

fn class(text: &str) -> Result<Class, Problem> {
    match text {
        "paid" => Ok(Class::Paid),
        "promotional" => Ok(Class::Promotional),
        _ => Err(format!("`{text}` is no class")),
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| format!("`{text}` is no number that fits"))
}

/// `+31d`: a moment, counted from the beginning.
fn offset(text: &str) -> Result<Duration, Problem> {
    interval(text.strip_prefix('+').ok_or(format!("`{text}` is no moment such as +31d"))?)
}

/// `30d`, `12h`, `5m`, `90s`.
fn interval(text: &str) -> Result<Duration, Problem> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let unit = units.iter().find(|(unit, _)| text.ends_with(*unit));
    let (unit, seconds) = unit.ok_or(format!("`{text}` is no interval such as 30d"))?;
    Ok(Duration::from_secs(number::<u64>(text.trim_end_matches(*unit))? * seconds))
}

#[test]
fn rows_that_are_not_understood_are_told() {
    let wrong = [
        "purchase P1",
        "purchase P1 100",
        "purchase P1 -> 100",
        "purchase P1 1.0000001 -> 1",
        "purchase P1 100 ->",
        "purchase P1 100 -> 100 replayd",
        "purchase P1 100 prio=1 -> 100",
        "purchase P1 100 expires=30 -> 100",
        "purchase P1 100 until=30d -> 100",
        "spend D1 10 -> 90",
        "check C1 10 -> 90",
        "deduct D1 10 -> 90 sufficient",
        "deduct D1 10 -> 90 slices P1",
        "app B1 org=mars",
        "at 30d",
        "wallet",
    ];
    for row in wrong {
        assert!(read(&row.split_whitespace().collect::<Vec<_>>()).is_err(), "{row}");
    }
}

#[test]
fn a_row_is_read_whole() {
    let text =
        "\n# nothing\ndeduct D1 70 key=K times=3 -> 30 slices P1:30,G1:40,… expired P2:1 replayed # why\n";
    let rows = parse("a test", text);
    let [Row { line: 3, says: Says::Do(row), .. }] = &rows[..] else { panic!("{rows:?}") };
    let (operation, expected) = &**row;
    assert_eq!((operation.verb, operation.name.as_str()), (Verb::Deduct, "D1"));
    assert_eq!((operation.options.key.as_deref(), operation.options.times), (Some("K"), Some(3)));
    let amount = |text: &str| text.parse::<Credits>().expect("an amount");
    assert_eq!((operation.amount, &expected.result), (Some(amount("70")), &Ok(amount("30"))));
    let slices = expected.slices.as_ref().expect("slices");
    assert_eq!(slices.named, [("P1".to_owned(), amount("30")), ("G1".to_owned(), amount("40"))]);
    assert!(expected.replayed && slices.and_more && !expected.expired.and_more);
}
