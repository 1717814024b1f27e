//! The refresh tokens of a session or of a client's family: each use makes the next, and an old one that comes back shows that
//! two hold it (RFC 9700, section 4.14.2).
//!
//! No token is kept, nor its hash: its last 28 bytes are a code over the chain's seed and its number,
//! made with the ledger's key, and its first 4 are the number. So whoever lost an answer can be given
//! the same successor again, and a stolen row opens nothing.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use events::Time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Pepper, oauth::handle};

/// How long after its use a token may come again, from a client that lost the answer.
const GRACE_MICROS: i64 = 10_000_000;

/// Whose tokens they are: those of one are none of the other, be their ids the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A session's, from a login at the ledger itself.
    Session,
    /// A client's, from a code.
    Family,
}

/// Which token counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Random: without it the ledger's key alone makes no tokens.
    seed: Uuid,
    /// The number of the token that counts.
    current: u32,
    /// When it was made.
    pub(super) rotated: Time,
}

/// A refresh token as it was presented.
pub struct Presented {
    /// The session or family that it names.
    pub id: Uuid,
    secret: Zeroizing<[u8; 32]>,
}

/// What a presented token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// It counts: the next one is to be made.
    Current,
    /// It was used a moment ago: its successor is to be given again.
    JustUsed,
    /// It was used before, so two hold it: the session is to end.
    Reused,
    /// It is none of the session's.
    Forged,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Session => "session refresh token",
            Self::Family => "refresh token",
        }
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Presented {
    /// Takes a token apart; `None` when it has not the shape of one.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        let (id, secret) = handle::parse(handle::REFRESH, token)?;
        Some(Self { id, secret })
    }

    fn number(&self) -> u32 {
        let [a, b, c, d, ..] = *self.secret;
        u32::from_be_bytes([a, b, c, d])
    }
}

impl Chain {
    pub(super) const fn new(seed: Uuid, now: Time) -> Self {
        Self { seed, current: 0, rotated: now }
    }

    /// The token that counts.
    pub(super) fn token(&self, purpose: Purpose, id: Uuid, pepper: &Pepper) -> Zeroizing<String> {
        handle::text(handle::REFRESH, id, &self.secret(purpose, id, self.current, pepper))
    }

    /// What a token is worth at this moment.
    pub(super) fn worth(&self, purpose: Purpose, presented: &Presented, pepper: &Pepper, now: Time) -> Worth {
        let number = presented.number();
        let expected = self.secret(purpose, presented.id, number, pepper);
        if verify_slices_are_equal(&*presented.secret, &*expected).is_err() || number > self.current {
            return Worth::Forged;
        }
        if number == self.current {
            Worth::Current
        } else if number + 1 == self.current && now <= self.rotated.plus_micros(GRACE_MICROS) {
            Worth::JustUsed
        } else {
            Worth::Reused
        }
    }

    /// The chain after its token was used.
    pub(super) fn rotated(&self, now: Time) -> Self {
        Self { seed: self.seed, current: self.current.saturating_add(1), rotated: now }
    }

    fn secret(&self, purpose: Purpose, id: Uuid, number: u32, pepper: &Pepper) -> Zeroizing<[u8; 32]> {
        let number = number.to_be_bytes();
        let parts: [&[u8]; 3] = [id.as_bytes(), self.seed.as_bytes(), &number];
        let code = pepper.code(purpose.label(), &parts);
        let mut secret = Zeroizing::new([0; 32]);
        secret[..4].copy_from_slice(&number);
        secret[4..].copy_from_slice(&code[..28]);
        secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: Uuid = Uuid::from_u128(7);

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_token_counts_once_and_gives_its_successor_again_for_a_moment() {
        let pepper = Pepper::from_bytes(&[3; 32]);
        let first = Chain::new(Uuid::from_u128(1), at(0));
        let token = first.token(Purpose::Session, SESSION, &pepper);
        let presented = Presented::parse(&token).expect("a token");
        assert_eq!(presented.id, SESSION);
        assert_eq!(first.worth(Purpose::Session, &presented, &pepper, at(99)), Worth::Current);
        let second = first.rotated(at(100));
        assert_eq!(second.worth(Purpose::Session, &presented, &pepper, at(110)), Worth::JustUsed);
        assert_eq!(second.worth(Purpose::Session, &presented, &pepper, at(111)), Worth::Reused);
        assert_eq!(
            second.rotated(at(100)).worth(Purpose::Session, &presented, &pepper, at(100)),
            Worth::Reused
        );
        let next = Presented::parse(&second.token(Purpose::Session, SESSION, &pepper)).expect("a token");
        assert_eq!(second.worth(Purpose::Session, &next, &pepper, at(111)), Worth::Current);
        assert_eq!(
            first.worth(Purpose::Session, &next, &pepper, at(1)),
            Worth::Forged,
            "an older backup knows it not"
        );
    }

    #[test]
    fn nothing_else_counts() {
        let pepper = Pepper::from_bytes(&[3; 32]);
        let chain = Chain::new(Uuid::from_u128(1), at(0));
        let others = [
            (SESSION, Chain::new(Uuid::from_u128(2), at(0)), pepper.clone()),
            (Uuid::from_u128(8), chain.clone(), pepper.clone()),
            (SESSION, chain.clone(), Pepper::from_bytes(&[4; 32])),
        ];
        for (session, other, key) in others {
            let presented = Presented::parse(&other.token(Purpose::Session, session, &key)).expect("a token");
            let presented = Presented { id: SESSION, secret: presented.secret };
            assert_eq!(chain.worth(Purpose::Session, &presented, &pepper, at(1)), Worth::Forged);
        }
        let of_a_client = Presented::parse(&chain.token(Purpose::Family, SESSION, &pepper)).expect("a token");
        assert_eq!(chain.worth(Purpose::Session, &of_a_client, &pepper, at(1)), Worth::Forged);
        assert!(Presented::parse("clr_x").is_none());
    }
}
