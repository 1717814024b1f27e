//! Passwords: Argon2id in PHC strings, a few at a time, and as much work for nobody as for somebody.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::clock::{Entropy, sixteen};

/// The fewest characters of a new password (NIST SP 800-63B asks for 8, without rules of composition).
pub const PASSWORD_CHARS_MIN: usize = 8;
/// The most bytes of any password. Longer ones only cost.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Hashes computed at once: each needs 19 MiB and a core for some 20 ms.
const AT_ONCE: usize = 2;
/// Hashes that may be under way or waiting. More are told to come back, because they would wait long.
const WAITING_MAX: usize = 64;

/// What stands first in every list of guesses.
const GUESSED_FIRST: &[&str] = &[
    "00000000",
    "11111111",
    "12121212",
    "12341234",
    "123123123",
    "12345678",
    "123456789",
    "1234567890",
    "1q2w3e4r",
    "1qaz2wsx",
    "87654321",
    "abc12345",
    "abcd1234",
    "administrator",
    "baseball",
    "changeme",
    "computer",
    "football",
    "iloveyou",
    "letmein1",
    "liverpool",
    "michelle",
    "passw0rd",
    "password",
    "password1",
    "password12",
    "password123",
    "princess",
    "qwer1234",
    "qwerty12",
    "qwerty123",
    "qwertyui",
    "qwertyuiop",
    "starwars",
    "sunshine",
    "superman",
    "trustno1",
    "welcome1",
    "welcome123",
    "whatever",
];

/// A password as somebody typed it: wiped when dropped, and never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Why a new password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Under [`PASSWORD_CHARS_MIN`] characters.
    #[error("a password needs at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// Over [`PASSWORD_BYTES_MAX`] bytes.
    #[error("a password may have at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// It stands first in every list of guesses, or is the e-mail address itself.
    #[error("this password is guessed first: take another")]
    Common,
}

impl Password {
    /// A password that somebody wants to have from now on, for the account with this e-mail address.
    ///
    /// # Errors
    /// When it is too short, too long or too easily guessed.
    pub fn chosen(text: &str, email: &str) -> Result<Self, PasswordFault> {
        if text.chars().count() < PASSWORD_CHARS_MIN {
            return Err(PasswordFault::TooShort);
        }
        let lower = Zeroizing::new(text.to_lowercase());
        let name = email.split('@').next().unwrap_or_default();
        let itself = lower.eq_ignore_ascii_case(email) || lower.eq_ignore_ascii_case(name);
        let same = lower.chars().zip(lower.chars().skip(1)).all(|(one, next)| one == next);
        if itself || same || GUESSED_FIRST.contains(&lower.as_str()) {
            return Err(PasswordFault::Common);
        }
        Self::presented(text)
    }

    /// A password that is to be compared, be it good or not.
    ///
    /// # Errors
    /// When it is longer than any password can be.
    pub fn presented(text: &str) -> Result<Self, PasswordFault> {
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(PasswordFault::TooLong);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// How much work a hash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// How often the memory is gone over.
    pub passes: u32,
}

impl Cost {
    /// 19 MiB, twice, on one lane: the OWASP Password Storage Cheat Sheet's first choice.
    pub const STANDARD: Self = Self { memory_kib: 19 * 1_024, passes: 2 };
    /// As little as there is, for tests of other things.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1 };
}

/// Whether a password was the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was not, or there is none.
    Wrong,
    /// It was.
    Right {
        /// Its hash was made with another cost than is used now: hash it again while it is known.
        rehash: bool,
    },
}

/// Why no hash was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many wait already.
    #[error("too many passwords are being checked: try again in a moment")]
    Busy,
    /// The hash that is kept cannot be read, or memory is exhausted.
    #[error("a password could not be hashed")]
    Failed,
}

/// Hashes passwords and compares them. Clones share the queue.
#[derive(Clone)]
pub struct Passwords(Arc<Shared>);

struct Shared {
    argon: Argon2<'static>,
    cost: Cost,
    /// What passwords of nobody are compared with.
    nobodys: String,
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    entropy: Mutex<Box<dyn Entropy>>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("cost", &self.0.cost).finish_non_exhaustive()
    }
}

impl Passwords {
    /// Hashes of this cost with salts from `entropy`.
    ///
    /// # Errors
    /// When the cost is less or more than Argon2 knows.
    pub fn new(cost: Cost, mut entropy: Box<dyn Entropy>) -> Result<Self, HashError> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|_| HashError::Failed)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobodys = hashed(&argon, &sixteen(&mut *entropy), sixteen(&mut *entropy))?;
        let (turns, queue) = (Semaphore::new(AT_ONCE).into(), Semaphore::new(WAITING_MAX).into());
        Ok(Self(Arc::new(Shared { argon, cost, nobodys, turns, queue, entropy: Mutex::new(entropy) })))
    }

    /// The PHC string of a password, with a salt of its own.
    ///
    /// # Errors
    /// As [`HashError`] says.
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        let salt = {
            let mut entropy = self.0.entropy.lock().unwrap_or_else(PoisonError::into_inner);
            sixteen(&mut **entropy)
        };
        let shared = Arc::clone(&self.0);
        self.work(move || hashed(&shared.argon, password.0.as_bytes(), salt)).await?
    }

    /// Whether the password is the one of this PHC string. Where there is no account or no password, pass
    /// `None`: it takes as long, and is wrong.
    ///
    /// # Errors
    /// As [`HashError`] says.
    pub async fn verify(&self, password: Password, phc: Option<String>) -> Result<Verdict, HashError> {
        let shared = Arc::clone(&self.0);
        self.work(move || {
            let kept = PasswordHash::new(phc.as_deref().unwrap_or(&shared.nobodys));
            let kept = kept.map_err(|_| HashError::Failed)?;
            match shared.argon.verify_password(password.0.as_bytes(), &kept) {
                Ok(()) if phc.is_some() => Ok(Verdict::Right { rehash: !shared.cost.made(&kept) }),
                Ok(()) | Err(argon2::password_hash::Error::PasswordInvalid) => Ok(Verdict::Wrong),
                Err(_) => Err(HashError::Failed),
            }
        })
        .await?
    }

    /// Computes off the threads that answer requests. Work that was begun keeps its turn to its end,
    /// also when whoever asked for it is gone.
    async fn work<T: Send + 'static>(
        &self,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let place = Arc::clone(&self.0.queue).try_acquire_owned().map_err(|_| HashError::Busy)?;
        let turn = Arc::clone(&self.0.turns).acquire_owned().await.map_err(|_| HashError::Failed)?;
        let computing = tokio::task::spawn_blocking(move || {
            let result = compute();
            drop((turn, place));
            result
        });
        computing.await.map_err(|_| HashError::Failed)
    }
}

impl Cost {
    /// Whether a hash was made at this cost, by Argon2id.
    fn made(self, phc: &PasswordHash) -> bool {
        let says = |name: &str, wanted| phc.params.get_decimal(name) == Some(wanted);
        phc.algorithm.as_str() == Algorithm::Argon2id.as_str()
            && phc.version == Some(Version::V0x13.into())
            && says("m", self.memory_kib)
            && says("t", self.passes)
            && says("p", 1)
    }
}

fn hashed(argon: &Argon2<'_>, password: &[u8], salt: [u8; 16]) -> Result<String, HashError> {
    let hash: PasswordHash = argon.hash_password_with_salt(password, &salt).map_err(|_| HashError::Failed)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Generator;

    fn passwords(cost: Cost) -> Passwords {
        Passwords::new(cost, Box::new(Generator::from_seed(7))).expect("a cost")
    }

    fn typed(text: &str) -> Password {
        Password::presented(text).expect("a password")
    }

    #[tokio::test]
    async fn the_right_password_is_right_and_every_other_is_wrong() {
        let passwords = passwords(Cost::STANDARD);
        let phc = passwords.hash(typed("correct horse")).await.expect("a hash");
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let again = passwords.hash(typed("correct horse")).await.expect("a hash");
        assert_ne!(phc, again, "each has a salt of its own");
        let verdict = passwords.verify(typed("correct horse"), Some(phc.clone())).await;
        assert_eq!(verdict, Ok(Verdict::Right { rehash: false }));
        for wrong in ["", "correct horsf", "correct horse ", "Correct horse"] {
            assert_eq!(passwords.verify(typed(wrong), Some(phc.clone())).await, Ok(Verdict::Wrong));
        }
        assert_eq!(passwords.verify(typed("correct horse"), None).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_right_and_to_be_made_anew() {
        let phc = passwords(Cost::LEAST).hash(typed("correct horse")).await.expect("a hash");
        let dearer = passwords(Cost { memory_kib: 16, passes: 1 });
        let verdict = dearer.verify(typed("correct horse"), Some(phc.clone())).await;
        assert_eq!(verdict, Ok(Verdict::Right { rehash: true }));
        assert_eq!(dearer.verify(typed("correct"), Some(phc)).await, Ok(Verdict::Wrong));
        assert_eq!(dearer.verify(typed("correct"), Some("no hash".into())).await, Err(HashError::Failed));
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_moves_on() {
        let passwords = passwords(Cost::LEAST);
        let held = Arc::clone(&passwords.0.turns).acquire_many_owned(2).await.expect("turns");
        let mut waiting: Vec<_> =
            (0..WAITING_MAX).map(|_| Box::pin(passwords.verify(typed("p"), None))).collect();
        for wait in &mut waiting {
            assert!(futures::poll!(wait).is_pending());
        }
        assert_eq!(passwords.verify(typed("p"), None).await, Err(HashError::Busy));
        drop(held);
        let verdicts = futures::future::join_all(waiting).await;
        assert!(verdicts.iter().all(|verdict| *verdict == Ok(Verdict::Wrong)));
        assert_eq!(passwords.verify(typed("p"), None).await, Ok(Verdict::Wrong), "places are given back");
    }

    #[test]
    fn passwords_that_anybody_would_guess_are_not_taken() {
        let chosen = |text: &str| Password::chosen(text, "ann.example@mail.example").map(drop);
        assert_eq!(chosen("short 7"), Err(PasswordFault::TooShort));
        assert_eq!(chosen("ééééééé"), Err(PasswordFault::TooShort), "characters count, not bytes");
        assert_eq!(chosen(&"x y".repeat(400)), Err(PasswordFault::TooLong));
        for common in ["Password123", "aaaaaaaaaaaa", "ANN.EXAMPLE", "ann.example@mail.example"] {
            assert_eq!(chosen(common), Err(PasswordFault::Common), "{common}");
        }
        for good in ["correct horse battery", "ééééééééé è", &"x y".repeat(340)] {
            assert_eq!(chosen(good), Ok(()), "{good}");
        }
        assert_eq!(format!("{:?}", typed("correct horse")), "[redacted]");
    }
}
