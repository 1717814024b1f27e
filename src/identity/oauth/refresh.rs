//! Families of refresh tokens: each use makes the next one, and an old one that comes back ends the
//! family (RFC 9700 section 4.14.2).
//!
//! A token is not kept, nor its hash: its last 28 bytes are a code over the family's seed and the
//! token's number, made with the ledger's key, and its first 4 are the number. So whoever lost the
//! answer to a refresh can be given the same successor again, and a stolen row opens nothing.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use events::{AppId, SessionId, Time, TokenId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::handle;
use crate::identity::{
    Pepper,
    vault::{Kept, Kind},
};

/// How long after its use a token may come again, from a client that lost the answer, in seconds.
pub const GRACE_S: i64 = 10;
/// How long a token may lie unused, in seconds: 30 days.
pub const IDLE_S: i64 = 30 * 24 * 60 * 60;
/// How long a family may live, in seconds: 180 days.
pub const FAMILY_S: i64 = 180 * 24 * 60 * 60;

/// One family: what its tokens allow, and which of them counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// The client.
    pub app: AppId,
    /// The user.
    pub user: UserId,
    /// The session with which the family ends; none with `offline_access`.
    pub session: Option<SessionId>,
    /// When the user signed in, in seconds since 1970.
    pub auth_time: i64,
    /// What was agreed to, between spaces.
    pub scope: Box<str>,
    /// What the tokens are for.
    pub audiences: Vec<Box<str>>,
    /// The web origin of the client's page that asked, if it was one.
    #[serde(default)]
    pub domain: Option<Box<str>>,
    /// Random: without it the ledger's key alone makes no tokens.
    pub seed: Uuid,
    /// The number of the token that counts.
    pub current: u32,
    /// When it was made.
    pub rotated: Time,
    /// When the family began.
    pub began: Time,
    /// When the family ends, whatever happens.
    pub ends: Time,
    /// The access tokens that were issued last, each with the second until which it lives.
    pub recent: Vec<(TokenId, i64)>,
}

impl Kept for Family {
    const KIND: Kind = Kind::Refresh;
}

/// A token of a family, as it was presented.
#[derive(Debug)]
pub struct Presented {
    /// The family it names.
    pub family: Uuid,
    secret: Zeroizing<[u8; 32]>,
}

/// What a presented token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// It counts: the next one is to be made.
    Current,
    /// It was used a moment ago: its successor is to be given again.
    JustUsed,
    /// It was used before, so two hold it: the family is to end.
    Reused,
    /// It is none of the family's.
    Forged,
}

impl Presented {
    /// Takes a token apart; `None` when it has not the shape of one.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        let (family, secret) = handle::parse(handle::REFRESH, token)?;
        Some(Self { family, secret })
    }

    fn number(&self) -> u32 {
        let [a, b, c, d, ..] = *self.secret;
        u32::from_be_bytes([a, b, c, d])
    }
}

impl Family {
    /// The token that counts.
    #[must_use]
    pub fn token(&self, id: Uuid, pepper: &Pepper) -> Zeroizing<String> {
        handle::text(handle::REFRESH, id, &self.secret(id, self.current, pepper))
    }

    /// What a token is worth at this moment.
    #[must_use]
    pub fn worth(&self, presented: &Presented, pepper: &Pepper, now: Time) -> Worth {
        let number = presented.number();
        let expected = self.secret(presented.family, number, pepper);
        if verify_slices_are_equal(&*presented.secret, &*expected).is_err() || number > self.current {
            return Worth::Forged;
        }
        let grace = self.rotated.plus_micros(GRACE_S * 1_000_000);
        if number == self.current {
            Worth::Current
        } else if number + 1 == self.current && now <= grace {
            Worth::JustUsed
        } else {
            Worth::Reused
        }
    }

    /// The family after its token was used.
    #[must_use]
    pub fn rotated(&self, now: Time) -> Self {
        Self { current: self.current.saturating_add(1), rotated: now, ..self.clone() }
    }

    /// When the family ends if its token is not used.
    #[must_use]
    pub fn expires(&self) -> Time {
        self.rotated.plus_micros(IDLE_S * 1_000_000).min(self.ends)
    }

    fn secret(&self, id: Uuid, number: u32, pepper: &Pepper) -> Zeroizing<[u8; 32]> {
        let number = number.to_be_bytes();
        let code = pepper.code("refresh token", &[id.as_bytes(), self.seed.as_bytes(), &number]);
        let mut secret = Zeroizing::new([0; 32]);
        secret[..4].copy_from_slice(&number);
        secret[4..].copy_from_slice(&code[..28]);
        secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(7);

    fn pepper() -> Pepper {
        Pepper::from_bytes(&[3; 32])
    }

    fn family(now: Time) -> Family {
        Family {
            app: AppId(Uuid::from_u128(1)),
            user: UserId(Uuid::from_u128(2)),
            session: None,
            auth_time: 0,
            scope: "openid".into(),
            audiences: Vec::new(),
            domain: None,
            seed: Uuid::from_u128(3),
            current: 0,
            rotated: now,
            began: now,
            ends: now.plus_micros(FAMILY_S * 1_000_000),
            recent: Vec::new(),
        }
    }

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    fn worth(family: &Family, token: &str, now: i64) -> Worth {
        let presented = Presented::parse(token).expect("a token");
        assert_eq!(presented.family, ID);
        family.worth(&presented, &pepper(), at(now))
    }

    #[test]
    fn a_token_counts_until_it_is_used_and_then_gives_the_same_successor_for_a_moment() {
        let first = family(at(0));
        let token = first.token(ID, &pepper());
        assert_eq!(worth(&first, &token, 1_000), Worth::Current);
        let second = first.rotated(at(1_000));
        assert_ne!(second.token(ID, &pepper()), token);
        assert_eq!(second.token(ID, &pepper()), first.rotated(at(1_005)).token(ID, &pepper()));
        assert_eq!(worth(&second, &token, 1_010), Worth::JustUsed);
        assert_eq!(worth(&second, &token, 1_011), Worth::Reused);
        assert_eq!(worth(&second, &second.token(ID, &pepper()), 1_011), Worth::Current);
    }

    #[test]
    fn a_token_from_before_the_last_is_reused_however_soon() {
        let first = family(at(0));
        let third = first.rotated(at(1)).rotated(at(1));
        assert_eq!(worth(&third, &first.token(ID, &pepper()), 1), Worth::Reused);
    }

    #[test]
    fn what_the_family_did_not_make_is_forged_and_harms_nobody() {
        let (first, second) = (family(at(0)), family(at(0)).rotated(at(1)));
        // A row that was restored from an old backup knows no token from after it.
        assert_eq!(worth(&first, &second.token(ID, &pepper()), 1), Worth::Forged);
        let other_key = Pepper::from_bytes(&[4; 32]);
        let other_seed = Family { seed: Uuid::from_u128(4), ..first.clone() };
        assert_eq!(worth(&second, &first.token(ID, &other_key), 1), Worth::Forged);
        assert_eq!(worth(&second, &other_seed.token(ID, &pepper()), 1), Worth::Forged);
        let token = first.token(ID, &pepper());
        for index in [40, 60, token.len() - 2] {
            let swapped = if &token[index..=index] == "A" { "B" } else { "A" };
            let forged = format!("{}{swapped}{}", &token[..index], &token[index + 1..]);
            assert_eq!(worth(&second, &forged, 1), Worth::Forged, "{index}");
        }
        assert!(Presented::parse("clr_x").is_none());
    }

    #[test]
    fn a_family_ends_when_it_lies_unused_and_in_any_case() {
        let mut family = family(at(0));
        assert_eq!(family.expires(), at(IDLE_S));
        for day in 1..=6 {
            family = family.rotated(at(day * (IDLE_S - 1)));
        }
        assert_eq!(family.expires(), at(FAMILY_S));
    }
}
