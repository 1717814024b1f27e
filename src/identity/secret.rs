//! API keys and operator tokens: `<kind>_<id as 32 hex digits>_<32 random bytes as base64url>`.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use events::KeyId;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::clock::{Entropy, sixteen};

/// Length of the secret part: 32 bytes in base64url without padding.
const SECRET_CHARS: usize = 43;

/// What a secret opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ApiKey,
    Operator,
    /// Of an app that is a client of the authorization server.
    ClientSecret,
}

impl Kind {
    const ALL: [Self; 3] = [Self::ApiKey, Self::Operator, Self::ClientSecret];

    const fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "clk_",
            Self::Operator => "clo_",
            Self::ClientSecret => "cls_",
        }
    }
}

/// What was presented, taken apart. The secret is compared as text, so it has one spelling only.
pub(super) struct Presented<'a> {
    pub(super) kind: Kind,
    pub(super) id: KeyId,
    pub(super) secret: &'a str,
}

impl<'a> Presented<'a> {
    /// Takes a text apart; `None` when it has not the shape of a secret of ours.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let kind = Kind::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))?;
        let (id, secret) = text[kind.prefix().len()..].split_once('_')?;
        let one_spelling = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !one_spelling || secret.len() != SECRET_CHARS {
            return None;
        }
        Some(Self { kind, id: KeyId(Uuid::try_parse(id).ok()?), secret })
    }
}

/// A secret text that is wiped when dropped and never printed.
#[derive(Clone)]
pub(super) struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Draws an id and a secret; the id is a random UUID, as of any other thing here.
    pub(super) fn draw(kind: Kind, entropy: &mut dyn Entropy) -> (KeyId, Self) {
        let id = uuid::Builder::from_random_bytes(sixteen(entropy)).into_uuid();
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes);
        let mut secret = Zeroizing::new([0; SECRET_CHARS]);
        let written = URL_SAFE_NO_PAD.encode_slice(*bytes, &mut *secret);
        debug_assert_eq!(written, Ok(SECRET_CHARS));
        // With room for all of it from the start, no grown-out-of buffer keeps a copy.
        let mut text = Zeroizing::new(String::with_capacity(4 + 32 + 1 + SECRET_CHARS));
        text.push_str(kind.prefix());
        text.push_str(id.simple().encode_lower(&mut [0; 32]));
        text.push('_');
        text.push_str(str::from_utf8(&*secret).expect("base64 is ASCII"));
        (KeyId(id), Self(text))
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The part that is hashed.
    pub(super) fn secret(&self) -> &str {
        &self.0[self.0.len() - SECRET_CHARS..]
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// An app's key as it is shown once: `clk_<key id>_<secret>`.
#[derive(Debug, Clone)]
pub struct ApiKey(pub(super) SecretText);

/// The token of the machine's operator, new at each start: `clo_<id>_<secret>`.
#[derive(Debug, Clone)]
pub struct OperatorToken(pub(super) SecretText);

impl ApiKey {
    /// The text itself, to be handed to its owner and nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0.0
    }
}

impl OperatorToken {
    /// The text itself, for the server file.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Generator;

    #[test]
    fn a_drawn_secret_has_its_shape_and_is_taken_apart_again() {
        for (kind, prefix) in [(Kind::ApiKey, "clk_"), (Kind::Operator, "clo_"), (Kind::ClientSecret, "cls_")]
        {
            let (id, text) = SecretText::draw(kind, &mut Generator::from_seed(7));
            assert!(text.0.starts_with(&format!("{prefix}{}_", id.0.simple())));
            assert_eq!(text.0.len(), 80);
            let presented = Presented::parse(&text.0).expect("the shape of a secret");
            assert_eq!((presented.kind, presented.id), (kind, id));
            assert_eq!(presented.secret, text.secret());
        }
    }

    #[test]
    fn two_draws_have_nothing_in_common() {
        let mut entropy = Generator::from_seed(7);
        let (first, second) =
            (SecretText::draw(Kind::ApiKey, &mut entropy), SecretText::draw(Kind::ApiKey, &mut entropy));
        assert!(first.0 != second.0 && first.1.secret() != second.1.secret());
    }

    #[test]
    fn other_shapes_are_no_secrets() {
        let (_, text) = SecretText::draw(Kind::ApiKey, &mut Generator::from_seed(7));
        let good = text.0.as_str();
        let bad = [
            String::new(),
            "clk_".into(),
            "clk__".into(),
            good.to_uppercase(),
            good.replace("clk_", "clx_"),
            good.replace("clk_", "CLK_"),
            good[..79].to_owned(),
            format!("{good}="),
            format!(" {good}"),
            format!("clk_{}_{}", "0".repeat(31), "a".repeat(44)),
            format!("clk_{}_{}", "A".repeat(32), "a".repeat(43)),
            format!("clk_{}é_{}", "0".repeat(30), "a".repeat(43)),
        ];
        for text in bad {
            assert!(Presented::parse(&text).is_none(), "{text}");
        }
    }

    #[test]
    fn nothing_prints_a_secret() {
        let (_, text) = SecretText::draw(Kind::ApiKey, &mut Generator::from_seed(7));
        let secret = text.secret().to_owned();
        for printed in [format!("{:?}", ApiKey(text.clone())), format!("{:#?}", OperatorToken(text))] {
            assert!(!printed.contains(&secret) && printed.contains("[redacted]"), "{printed}");
        }
    }
}
