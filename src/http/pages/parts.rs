//! Pieces that several pages share.

use maud::{Markup, Render, html};

/// What every form carries.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// Where it is posted.
    pub action: &'a str,
    /// Proves that the page was ours: bound to the browser's cookie.
    pub csrf: &'a str,
    /// What else comes back unseen: names and values.
    pub hidden: &'a [(&'a str, &'a str)],
}

impl Form<'_> {
    /// The hidden fields.
    pub(super) fn fields(&self) -> Markup {
        html! {
            input type="hidden" name="csrf" value=(self.csrf);
            @for (name, value) in self.hidden {
                input type="hidden" name=(name) value=(value);
            }
        }
    }
}

/// The app that sent somebody here.
#[derive(Debug, Clone, Copy)]
pub struct AskingApp<'a> {
    /// What it calls itself.
    pub name: &'a str,
    /// Where it is, as registered: the one thing about it that it did not choose freely.
    pub domain: Option<&'a str>,
}

impl AskingApp<'_> {
    /// Its first letter, its name and its domain.
    pub(super) fn card(&self) -> Markup {
        let shown = shown(self.name);
        html! {
            div.app {
                span.badge aria-hidden="true" { (initial(&shown)) }
                div {
                    strong { bdi { (shown) } }
                    @if let Some(domain) = self.domain { span { bdi { (domain) } } }
                }
            }
        }
    }
}

/// A name that somebody else chose, in one direction, as part of our sentence.
pub(super) struct Name<'a>(pub(super) &'a str);

impl Render for Name<'_> {
    fn render(&self) -> Markup {
        html! { bdi { (shown(self.0)) } }
    }
}

/// A name without what could imitate other text: no line breaks, no marks that turn its direction, no
/// invisible characters, and not too long.
fn shown(name: &str) -> String {
    const LONGEST: usize = 60;
    let unseen = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let clean: String = name.chars().filter(|c| !unseen(*c) && !c.is_control()).collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let clean = if clean.is_empty() { "an app without a name".to_owned() } else { clean };
    if clean.chars().count() <= LONGEST {
        return clean;
    }
    clean.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn initial(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().collect()).unwrap_or_default()
}

/// Something that went wrong, told before anything else by screen readers.
pub(super) fn complaint(text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text { p.note.bad role="alert" id="complaint" { (text) } }
    }
}

/// Something that went well.
pub(super) fn notice(text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text { p.note role="status" { (text) } }
    }
}

/// An e-mail address to type.
pub(super) fn email(value: &str, wrong: bool) -> Markup {
    html! {
        div.field {
            label for="email" { "E-mail" }
            input id="email" name="email" type="email" value=(value) required maxlength="254"
                autocomplete="username" inputmode="email" autocapitalize="none" spellcheck="false"
                autofocus[value.is_empty()] aria-invalid=[wrong.then_some("true")] aria-describedby=[wrong.then_some("complaint")];
        }
    }
}

/// A new password to type.
pub(super) fn new_password(wrong: bool) -> Markup {
    html! {
        div.field {
            label for="password" { "Password" }
            input id="password" name="password" type="password" required minlength="8" maxlength="1024"
                autocomplete="new-password" aria-invalid=[wrong.then_some("true")]
                aria-describedby={ "rule" @if wrong { " complaint" } };
            small id="rule" { "At least 8 characters. A few words that belong together only for you are best." }
        }
    }
}

/// The brand: an open ledger.
pub(super) fn mark() -> Markup {
    html! {
        svg viewBox="0 0 28 28" aria-hidden="true" {
            rect.mark width="28" height="28" rx="8" {}
            path.lines d="M8 9.5h12M8 14h12M8 18.5h7" fill="none" stroke-width="2.2" stroke-linecap="round" {}
        }
    }
}

/// A tick.
pub(super) fn tick() -> Markup {
    html! {
        div.done aria-hidden="true" {
            svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.6"
                stroke-linecap="round" stroke-linejoin="round" { path d="M5 12.5l4.5 4.5L19 7.5" {} }
        }
    }
}

/// Google's letter, in its colours.
pub(super) fn google() -> Markup {
    html! {
        svg viewBox="0 0 18 18" aria-hidden="true" {
            path fill="#4285F4" d="M17.64 9.2c0-.64-.06-1.25-.16-1.84H9v3.48h4.84a4.14 4.14 0 0 1-1.8 2.72v2.26h2.92c1.7-1.57 2.68-3.88 2.68-6.62z" {}
            path fill="#34A853" d="M9 18c2.43 0 4.47-.8 5.96-2.18l-2.92-2.26c-.8.54-1.84.86-3.04.86-2.34 0-4.32-1.58-5.03-3.71H.96v2.33A9 9 0 0 0 9 18z" {}
            path fill="#FBBC05" d="M3.97 10.71a5.4 5.4 0 0 1 0-3.42V4.96H.96a9 9 0 0 0 0 8.08l3.01-2.33z" {}
            path fill="#EA4335" d="M9 3.58c1.32 0 2.5.45 3.44 1.35l2.58-2.59A9 9 0 0 0 .96 4.96l3.01 2.33C4.68 5.16 6.66 3.58 9 3.58z" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn names_cannot_turn_hide_or_flood_the_text_around_them() {
        assert_eq!(shown("Sora 2"), "Sora 2");
        assert_eq!(shown("\u{202e}elgooG\u{200b}\r\n  App"), "elgooG App");
        assert_eq!(shown(" \u{feff}\n"), "an app without a name");
        assert_eq!(shown(&"a".repeat(500)).chars().count(), 60);
    }
}
