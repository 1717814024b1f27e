//! Progress bars on standard error. They are drawn only when that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts events.
pub(super) fn events(count: u64) -> ProgressBar {
    bar(count, "{bar:40} {human_pos}/{human_len} events, {per_sec}")
}

/// A bar that counts the events of one step of several.
pub(super) fn step(name: &'static str, count: u64) -> ProgressBar {
    bar(count, "{msg} {bar:40} {human_pos}/{human_len} events, {per_sec}").with_message(name)
}

/// A bar that counts requests.
pub(super) fn requests(count: usize) -> ProgressBar {
    bar(count as u64, "{bar:40} {human_pos}/{human_len} requests, {per_sec}")
}

fn bar(count: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(count);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
