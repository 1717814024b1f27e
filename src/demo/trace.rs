//! Traces of real traffic: CSV files with the columns `TIMESTAMP`, `ContextTokens` and
//! `GeneratedTokens`, as the Azure LLM inference traces have them.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use csv::StringRecord;

use super::request::{Cast, Request, Usage};

/// Wallets of a trace's users.
const WALLETS: usize = 97;
/// Apps that the users came through.
const APPS: usize = 5;

/// Who plays in a trace: apps `app-0` to `app-4` and 97 wallets.
#[must_use]
pub fn cast() -> Cast {
    Cast { apps: (0..APPS).map(|number| format!("app-{number}")).collect(), wallets: WALLETS }
}

/// Reads a file's requests, at most `limit`.
///
/// # Errors
/// When the file can't be read, or with the line of the first row that is none.
pub fn read_file(path: &Path, limit: usize) -> anyhow::Result<Vec<Request>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    read(&text, limit).with_context(|| path.display().to_string())
}

/// Reads requests, at most `limit`.
///
/// # Errors
/// With the line of the first row that is none.
pub fn read(text: &str, limit: usize) -> anyhow::Result<Vec<Request>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let columns = Columns::find(reader.headers()?)?;
    let cast = cast();
    let mut requests = Vec::new();
    for record in reader.records().take(limit) {
        let record = record?;
        let usage = columns.usage(&record).with_context(|| format!("line {}", line(text, &record)))?;
        requests.push(Request::new(requests.len(), &cast, usage));
    }
    if requests.is_empty() {
        bail!("no request in it");
    }
    Ok(requests)
}

/// The line on which a record starts. The reader's own count is one too low after CRLF.
fn line(text: &str, record: &StringRecord) -> usize {
    let byte =
        record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or_default();
    let rest = text.get(byte..).unwrap_or_default();
    let start = text.len() - rest.trim_start_matches(['\r', '\n']).len();
    text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Where the columns stand.
struct Columns {
    timestamp: usize,
    context: usize,
    generated: usize,
}

impl Columns {
    fn find(headers: &StringRecord) -> anyhow::Result<Self> {
        let find = |name: &str| {
            headers
                .iter()
                .position(|header| header == name)
                .ok_or_else(|| anyhow!("line 1: no column {name}"))
        };
        Ok(Self {
            timestamp: find("TIMESTAMP")?,
            context: find("ContextTokens")?,
            generated: find("GeneratedTokens")?,
        })
    }

    fn usage(&self, record: &StringRecord) -> anyhow::Result<Usage> {
        let cell = |column: usize| record.get(column).ok_or_else(|| anyhow!("the row is too short"));
        let usage = Usage {
            at: timestamp(cell(self.timestamp)?)?,
            context_tokens: tokens("ContextTokens", cell(self.context)?)?,
            generated_tokens: tokens("GeneratedTokens", cell(self.generated)?)?,
        };
        if usage.cost().is_zero() {
            bail!("a request without tokens costs nothing");
        }
        Ok(usage)
    }
}

/// A moment such as `2023-11-16 18:17:03.9799600`: UTC, to 100 ns.
fn timestamp(text: &str) -> anyhow::Result<jiff::Timestamp> {
    let civil: jiff::civil::DateTime = text
        .parse()
        .map_err(|_| anyhow!("TIMESTAMP: {text:?} is no moment such as 2023-11-16 18:17:03.9799600"))?;
    Ok(civil.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp())
}

fn tokens(column: &str, text: &str) -> anyhow::Result<u32> {
    text.parse().map_err(|_| anyhow!("{column}: {text:?} is no number of tokens"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n";

    fn error(rows: &str) -> String {
        format!("{:#}", read(&format!("{HEADER}{rows}"), usize::MAX).expect_err("a bad row"))
    }

    #[test]
    fn rows_become_requests_in_order() {
        let rows = "2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16 18:17:04.0319601,3180,8";
        let requests = read(&format!("{HEADER}{rows}"), usize::MAX).expect("a trace");
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].usage.cost().to_string(), "14.574");
        assert_eq!(requests[0].usage.at.to_string(), "2023-11-16T18:17:03.97996Z");
        assert_eq!(requests[1].usage.at.to_string(), "2023-11-16T18:17:04.0319601Z", "100 ns are kept");
        assert_eq!((requests[1].wallet, requests[1].app), (1, 1));
        let first = read(&format!("{HEADER}{rows}"), 1).expect("a trace");
        assert_eq!(first, requests[..1]);
    }

    #[test]
    fn columns_may_stand_in_any_order() {
        let text = "GeneratedTokens,TIMESTAMP,ContextTokens\n10,2023-11-16 18:17:03,4808\n";
        assert_eq!(read(text, 1).expect("a trace")[0].usage.context_tokens, 4_808);
    }

    #[test]
    fn a_bad_row_is_named_by_its_line() {
        let good = "2023-11-16 18:17:03.9799600,4808,10\r\n";
        assert_eq!(
            error(&format!("{good}yesterday,1,1\r\n")),
            "line 3: TIMESTAMP: \"yesterday\" is no moment such as 2023-11-16 18:17:03.9799600"
        );
        for (row, named) in [
            ("2023-11-16 18:17:03,-1,1", "line 2: ContextTokens: \"-1\""),
            ("2023-11-16 18:17:03,1,1.5", "line 2: GeneratedTokens: \"1.5\""),
            ("2023-11-16 18:17:03,1,99999999999", "line 2: GeneratedTokens"),
            ("2023-11-16 18:17:03,0,0", "line 2: a request without tokens"),
        ] {
            assert!(error(row).starts_with(named), "{row}: {}", error(row));
        }
        assert_eq!(error("2023-11-16 18:17:03,1"), "line 2: the row is too short");
        assert!(
            error(&format!("{good}\r\n\r\n{good}x,1,1")).starts_with("line 6: TIMESTAMP"),
            "blank lines count"
        );
        assert_eq!(error(""), "no request in it");
        let other = read("a,b\n1,2\n", 1).expect_err("another file");
        assert_eq!(other.to_string(), "line 1: no column TIMESTAMP");
    }
}
