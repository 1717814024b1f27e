//! What the mails say. Each names who sends it, what it is for, how long it holds, and what to do when
//! it was not asked for. Links are alone on their lines, so that no program breaks them.

use events::Time;
use lettre::message::Mailbox;
use uuid::Uuid;

use super::{EmailAddress, Mail};

/// What a mail is for.
#[derive(Clone, Copy)]
pub enum Letter<'a> {
    /// Confirms that the reader wants an account.
    Verify {
        /// Where to confirm, with the token in it.
        link: &'a str,
    },
    /// Lets the reader choose a new password.
    Reset {
        /// Where, with the token in it.
        link: &'a str,
    },
    /// Lets the reader choose a password for an account whose address was registered more than once.
    Choose {
        /// Where, with the token in it.
        link: &'a str,
    },
    /// Somebody registered with an address that has an account; to whoever asked, it looked as always.
    AlreadyRegistered {
        /// Where to sign in.
        sign_in: &'a str,
        /// Where to ask for a new password.
        reset: &'a str,
    },
    /// Somebody asked for a new password for an address without an account.
    NoAccount {
        /// Where to register.
        register: &'a str,
    },
    /// The password was changed.
    PasswordChanged {
        /// Where to ask for a new password.
        reset: &'a str,
    },
}

/// Writes mails in the name of one service.
#[derive(Debug, Clone)]
pub struct Texts {
    from: Mailbox,
    /// What the service is called.
    service: String,
}

impl Texts {
    /// Mails from this sender: an address, perhaps with a name, such as `Credits <no-reply@x.example>`.
    /// Without a name, the service is named by its host.
    ///
    /// # Errors
    /// When it is no sender.
    pub fn new(from: &str, host: &str) -> Result<Self, super::NotAnAddress> {
        let from: Mailbox = from.parse().map_err(|_| super::NotAnAddress)?;
        let service = from.name.clone().unwrap_or_else(|| host.to_owned());
        Ok(Self { from, service })
    }

    /// Writes one. `id` is random.
    #[must_use]
    pub fn write(&self, letter: Letter<'_>, to: EmailAddress, id: Uuid, written: Time) -> Mail {
        let service = &self.service;
        let (subject, says) = match letter {
            Letter::Verify { link } => (
                format!("Confirm your e-mail address for {service}"),
                format!(
                    "please confirm that this is your e-mail address by opening this page:\n\n{link}\n\n\
                     The link holds for 24 hours and works once. If you did not register with\n\
                     {service}, ignore this mail: nothing happens without the link."
                ),
            ),
            Letter::Reset { link } => (
                format!("Choose a new password for {service}"),
                format!(
                    "somebody, hopefully you, asked for a new password. Choose it here:\n\n{link}\n\n\
                     The link holds for 30 minutes and works once. All devices are signed out when\n\
                     you use it. If it was not you who asked, ignore this mail: your password stays."
                ),
            ),
            Letter::Choose { link } => (
                format!("Choose your password for {service}"),
                format!(
                    "your e-mail address is confirmed. Somebody, perhaps you, had registered with it more\n\
                     than once, so that no password of those registrations counts. Choose yours:\n\n{link}\n\n\
                     The link holds for 30 minutes and works once."
                ),
            ),
            Letter::AlreadyRegistered { sign_in, reset } => (
                format!("You already have an account with {service}"),
                format!(
                    "somebody, perhaps you, tried to register with this e-mail address. It has an\n\
                     account already, so nothing was changed. You can sign in here:\n\n{sign_in}\n\n\
                     If you do not know your password any more, choose a new one:\n\n{reset}\n\n\
                     If it was not you, you need not do anything."
                ),
            ),
            Letter::NoAccount { register } => (
                format!("No account with {service}"),
                format!(
                    "somebody, perhaps you, asked for a new password for this e-mail address. It has\n\
                     no account with {service}. You may have registered with another address, or\n\
                     can register here:\n\n{register}\n\n\
                     If it was not you, you need not do anything."
                ),
            ),
            Letter::PasswordChanged { reset } => (
                format!("Your password for {service} was changed"),
                format!(
                    "your password was changed just now, and all devices were signed out. If it was\n\
                     not you, choose a new one at once:\n\n{reset}"
                ),
            ),
        };
        let text = format!("Hello,\n\n{says}\n\n-- \n{service}\nNobody reads answers to this mail.\n");
        Mail { id, from: self.from.clone(), to, subject, text, written }
    }
}
