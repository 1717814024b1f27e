//! Families of refresh tokens: each use makes the next one, and an old one that comes back ends the
//! family (RFC 9700 section 4.14.2).
//!
//! How tokens follow each other, and why none is kept: `identity::chain`.

use events::{AppId, SessionId, Time, TokenId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

pub use crate::identity::chain::{Presented, Worth};
use crate::identity::{
    Pepper,
    chain::{Chain, Purpose},
    tokens::LEEWAY_S,
    vault::{Kept, Kind},
};

/// How long a token may lie unused, in seconds: 30 days.
pub const IDLE_S: i64 = 30 * 24 * 60 * 60;
/// How long a family may live, in seconds: 180 days.
pub const FAMILY_S: i64 = 180 * 24 * 60 * 60;
/// The most access tokens of a family that live at a time: each must be ended when the family ends early.
pub const LIVE_MAX: usize = 32;

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
    /// Which of its tokens counts.
    pub chain: Chain,
    /// When the family began.
    pub began: Time,
    /// When the family ends, whatever happens.
    pub ends: Time,
    /// Its access tokens that may still be accepted, to be ended with it, each with the second until which it
    /// lives.
    pub recent: Vec<(TokenId, i64)>,
}

impl Kept for Family {
    const KIND: Kind = Kind::Refresh;
}

impl Family {
    /// The token that counts.
    #[must_use]
    pub fn token(&self, id: Uuid, pepper: &Pepper) -> Zeroizing<String> {
        self.chain.token(Purpose::Family, id, pepper)
    }

    /// What a token is worth at this moment.
    #[must_use]
    pub fn worth(&self, presented: &Presented, pepper: &Pepper, now: Time) -> Worth {
        self.chain.worth(Purpose::Family, presented, pepper, now)
    }

    /// The family after its token was used.
    #[must_use]
    pub fn rotated(&self, now: Time) -> Self {
        Self { chain: self.chain.rotated(now), ..self.clone() }
    }

    /// The access tokens that are still accepted somewhere.
    pub fn live(&self, now: Time) -> impl Iterator<Item = (TokenId, i64)> {
        let since = now.micros().div_euclid(1_000_000) - LEEWAY_S;
        self.recent.iter().copied().filter(move |(_, until)| *until > since)
    }

    /// For how many seconds there is no room for another access token; none when there is.
    #[must_use]
    pub fn is_full(&self, now: Time) -> Option<u32> {
        if self.live(now).count() < LIVE_MAX {
            return None;
        }
        let first = self.live(now).map(|(_, until)| until).min()?;
        let wait = first + LEEWAY_S - now.micros().div_euclid(1_000_000);
        Some(u32::try_from(wait).unwrap_or(1).max(1))
    }

    /// The family with one more access token.
    #[must_use]
    pub fn with(&self, token: TokenId, until: i64, now: Time) -> Self {
        let recent = self.live(now).chain([(token, until)]).collect();
        Self { recent, ..self.clone() }
    }

    /// When the family ends if its token is not used.
    #[must_use]
    pub fn expires(&self) -> Time {
        self.chain.rotated.plus_micros(IDLE_S * 1_000_000).min(self.ends)
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
            chain: Chain::new(Uuid::from_u128(3), now),
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
        assert_eq!(presented.id, ID);
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
        let other_seed = Family { chain: Chain::new(Uuid::from_u128(4), at(0)), ..first.clone() };
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
    fn a_family_has_room_for_so_many_tokens_at_a_time() {
        let mut family = family(at(0));
        for number in 0..32 {
            assert_eq!(family.is_full(at(number)), None, "{number}");
            family = family.with(TokenId(Uuid::from_u128(1)), number + 900, at(number));
        }
        assert_eq!(family.is_full(at(32)), Some(873));
        assert_eq!(family.is_full(at(904)), Some(1), "clocks may be apart");
        assert_eq!(family.is_full(at(905)), None);
        let next = family.with(TokenId(Uuid::from_u128(2)), 1_805, at(905));
        assert_eq!((next.recent.len(), next.recent[0].1), (32, 901));
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
