//! The refresh tokens of one session: each use makes the next, and an old one that comes back shows that
//! two hold it (RFC 9700, section 4.14.2).
//!
//! No token is kept, nor its hash: its last 28 bytes are a code over the chain's seed and its number,
//! made with the ledger's key, and its first 4 are the number. So whoever lost an answer can be given
//! the same successor again, and a stolen row opens nothing. Clients' families work alike:
//! [`crate::identity::oauth::refresh`].

use aws_lc_rs::constant_time::verify_slices_are_equal;
use events::{SessionId, Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::identity::{Pepper, oauth::handle};

/// How long after its use a token may come again, from a client that lost the answer.
const GRACE_MICROS: i64 = 10_000_000;

/// Which token of a session counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Random: without it the ledger's key alone makes no tokens.
    seed: Uuid,
    /// The number of the token that counts.
    current: u32,
    /// When it was made.
    rotated: Time,
}

/// A refresh token as it was presented.
pub(super) struct Presented {
    pub(super) session: SessionId,
    secret: Zeroizing<[u8; 32]>,
}

/// What a presented token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// It counts: the next one is to be made.
    Current,
    /// It was used a moment ago: its successor is to be given again.
    JustUsed,
    /// It was used before, so two hold it: the session is to end.
    Reused,
    /// It is none of the session's.
    Forged,
}

impl Presented {
    /// Takes a token apart; `None` when it has not the shape of one.
    pub(super) fn parse(token: &str) -> Option<Self> {
        let (session, secret) = handle::parse(handle::REFRESH, token)?;
        Some(Self { session: SessionId(session), secret })
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
    pub(super) fn token(&self, session: SessionId, pepper: &Pepper) -> Zeroizing<String> {
        handle::text(handle::REFRESH, session.0, &self.secret(session, self.current, pepper))
    }

    pub(super) fn worth(&self, presented: &Presented, pepper: &Pepper, now: Time) -> Worth {
        let number = presented.number();
        let expected = self.secret(presented.session, number, pepper);
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

    fn secret(&self, session: SessionId, number: u32, pepper: &Pepper) -> Zeroizing<[u8; 32]> {
        let number = number.to_be_bytes();
        let parts: [&[u8]; 3] = [session.0.as_bytes(), self.seed.as_bytes(), &number];
        let code = pepper.code("session refresh token", &parts);
        let mut secret = Zeroizing::new([0; 32]);
        secret[..4].copy_from_slice(&number);
        secret[4..].copy_from_slice(&code[..28]);
        secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId(Uuid::from_u128(7));

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_token_counts_once_and_gives_its_successor_again_for_a_moment() {
        let pepper = Pepper::from_bytes(&[3; 32]);
        let first = Chain::new(Uuid::from_u128(1), at(0));
        let token = first.token(SESSION, &pepper);
        let presented = Presented::parse(&token).expect("a token");
        assert_eq!(presented.session, SESSION);
        assert_eq!(first.worth(&presented, &pepper, at(99)), Worth::Current);
        let second = first.rotated(at(100));
        assert_eq!(second.worth(&presented, &pepper, at(110)), Worth::JustUsed);
        assert_eq!(second.worth(&presented, &pepper, at(111)), Worth::Reused);
        assert_eq!(second.rotated(at(100)).worth(&presented, &pepper, at(100)), Worth::Reused);
        let next = Presented::parse(&second.token(SESSION, &pepper)).expect("a token");
        assert_eq!(second.worth(&next, &pepper, at(111)), Worth::Current);
        assert_eq!(first.worth(&next, &pepper, at(1)), Worth::Forged, "an older backup knows it not");
    }

    #[test]
    fn nothing_else_counts() {
        let pepper = Pepper::from_bytes(&[3; 32]);
        let chain = Chain::new(Uuid::from_u128(1), at(0));
        let others = [
            (SESSION, Chain::new(Uuid::from_u128(2), at(0)), pepper.clone()),
            (SessionId(Uuid::from_u128(8)), chain.clone(), pepper.clone()),
            (SESSION, chain.clone(), Pepper::from_bytes(&[4; 32])),
        ];
        for (session, other, key) in others {
            let presented = Presented::parse(&other.token(session, &key)).expect("a token");
            let presented = Presented { session: SESSION, secret: presented.secret };
            assert_eq!(chain.worth(&presented, &pepper, at(1)), Worth::Forged);
        }
        assert!(Presented::parse("clr_x").is_none());
    }
}
