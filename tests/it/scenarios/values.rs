//! Amounts, intervals, lists: the words inside a row.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use events::{Class, Credits, Period, Quantity, UnitPrice};

use super::{row::Lots, table::Problem};

/// `P1:30,G1:40`, with `,…` at the end when more may follow; `none`.
pub(super) fn lots(text: &str) -> Result<Lots, Problem> {
    if text == "none" {
        return Ok(Lots::default());
    }
    let (text, and_more) = text.strip_suffix(",…").map_or((text, false), |text| (text, true));
    let one = |part: &str| {
        let (name, amount) = part.split_once(':').ok_or(format!("`{part}` is no NAME:AMOUNT"))?;
        Ok((name.to_owned(), credits(amount)?))
    };
    Ok(Lots { named: text.split(',').map(one).collect::<Result<_, Problem>>()?, and_more })
}

/// `30`, `+30`, `-0.5`.
pub(super) fn credits(text: &str) -> Result<Credits, Problem> {
    text.strip_prefix('+').unwrap_or(text).parse().map_err(|error| format!("`{text}`: {error}"))
}

/// `30,40`
pub(super) fn list(text: &str) -> Result<Vec<Credits>, Problem> {
    text.split(',').map(credits).collect()
}

/// `input_tokens=1183,output_tokens=20`
pub(super) fn usage(text: &str) -> Result<BTreeMap<Box<str>, Quantity>, Problem> {
    let one = |part: &str| {
        let (unit, quantity) = part.split_once('=').ok_or(format!("`{part}` is no UNIT=QUANTITY"))?;
        Ok((unit.into(), quantity.parse().map_err(|error| format!("`{part}`: {error}"))?))
    };
    text.split(',').map(one).collect()
}

/// `0.15/1000000`: credits for so many units; `2`: for one.
pub(super) fn unit_price(text: &str) -> Result<UnitPrice, Problem> {
    let (amount, per) = text.split_once('/').unwrap_or((text, "1"));
    Ok(UnitPrice { credits: credits(amount)?, per: number(per)? })
}

pub(super) fn class(text: &str) -> Result<Class, Problem> {
    match text {
        "paid" => Ok(Class::Paid),
        "promotional" => Ok(Class::Promotional),
        _ => Err(format!("`{text}` is no class")),
    }
}

pub(super) fn period(text: &str) -> Result<Period, Problem> {
    match text {
        "day" => Ok(Period::Day),
        "month" => Ok(Period::Month),
        "total" => Ok(Period::Total),
        _ => Err(format!("`{text}` is no period")),
    }
}

pub(super) fn number<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| format!("`{text}` is no number that fits"))
}

/// `+31d`: a moment, counted from the beginning.
pub(super) fn offset(text: &str) -> Result<Duration, Problem> {
    interval(text.strip_prefix('+').ok_or(format!("`{text}` is no moment such as +31d"))?)
}

/// `30d`, `12h`, `5m`, `90s`.
pub(super) fn interval(text: &str) -> Result<Duration, Problem> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let unit = units.iter().find(|(unit, _)| text.ends_with(*unit));
    let (unit, seconds) = unit.ok_or(format!("`{text}` is no interval such as 30d"))?;
    Ok(Duration::from_secs(number::<u64>(text.trim_end_matches(*unit))? * seconds))
}
