//! The bounded queue in front of the writer. Its bound counts commands, however many come in one mail.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use events::Recorded;
use tokio::sync::{mpsc, oneshot};

use super::{Ask, EngineError, Fact, replies::Answer};

/// A question and where its answer goes.
#[derive(Debug)]
pub(super) enum Mail {
    /// A command to a wallet.
    Ask(Box<Ask>, Answer),
    /// A fact to record.
    Fact(Box<Fact>, oneshot::Sender<Result<Recorded, EngineError>>),
    /// Several at once, none of them several again.
    All(Vec<Mail>),
}

impl Mail {
    pub(super) fn ask(&self) -> Option<&Ask> {
        match self {
            Self::Ask(ask, _) => Some(ask),
            Self::Fact(..) | Self::All(_) => None,
        }
    }

    /// Answers with an error.
    pub(super) fn refuse(self, error: &EngineError) {
        match self {
            Self::Ask(_, answer) => answer.send(Err(error.clone())),
            // Nobody minds when the caller no longer waits.
            Self::Fact(_, answer) => drop(answer.send(Err(error.clone()))),
            Self::All(mails) => mails.into_iter().for_each(|mail| mail.refuse(error)),
        }
    }

    fn commands(&self) -> usize {
        match self {
            Self::Ask(..) | Self::Fact(..) => 1,
            Self::All(mails) => mails.len(),
        }
    }
}

/// A queue for at most `bound` commands.
pub(super) fn mailbox(bound: usize) -> (Sender, Receiver) {
    let (mails, received) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    (Sender { mails, waiting: Arc::clone(&waiting), bound }, Receiver { mails: received, waiting })
}

/// Puts mails into the queue.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    mails: mpsc::UnboundedSender<Mail>,
    waiting: Arc<AtomicUsize>,
    bound: usize,
}

impl Sender {
    /// Hands a mail over; one that has no room is lost, with what waits for its answer.
    pub(super) fn send(&self, mail: Mail) -> Result<(), EngineError> {
        self.try_send(mail).map_err(|(error, _)| error)
    }

    /// Hands a mail over, or answers it with the reason why not.
    pub(super) fn send_all(&self, mail: Mail) {
        if let Err((error, mail)) = self.try_send(mail) {
            mail.refuse(&error);
        }
    }

    fn try_send(&self, mail: Mail) -> Result<(), (EngineError, Mail)> {
        let commands = mail.commands();
        // Nothing else is guarded by this number, so no order is needed.
        let before = self.waiting.fetch_add(commands, Ordering::Relaxed);
        // A mail larger than the whole queue passes when nobody waits.
        if before > 0 && before + commands > self.bound {
            self.waiting.fetch_sub(commands, Ordering::Relaxed);
            return Err((EngineError::Overloaded, mail));
        }
        self.mails.send(mail).map_err(|lost| {
            self.waiting.fetch_sub(commands, Ordering::Relaxed);
            (EngineError::Stopping, lost.0)
        })
    }
}

/// Takes mails out of the queue.
#[derive(Debug)]
pub(super) struct Receiver {
    mails: mpsc::UnboundedReceiver<Mail>,
    waiting: Arc<AtomicUsize>,
}

impl Receiver {
    /// Waits for mails and takes at most `limit`; false when there will be none any more.
    pub(super) async fn take(&mut self, taken: &mut Vec<Mail>, limit: usize) -> bool {
        let before = taken.len();
        let count = self.mails.recv_many(taken, limit).await;
        self.arrived(taken, before);
        count > 0
    }

    /// Takes a mail if there is one.
    pub(super) fn try_take(&mut self, taken: &mut Vec<Mail>) -> bool {
        let before = taken.len();
        taken.extend(self.mails.try_recv().ok());
        self.arrived(taken, before);
        taken.len() > before
    }

    /// Takes no more mails; those in the queue are still to be taken.
    pub(super) fn close(&mut self) {
        self.mails.close();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.mails.is_closed()
    }

    /// Commands in the queue.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Unpacks what came in one mail.
    fn arrived(&self, taken: &mut Vec<Mail>, from: usize) {
        let commands: usize = taken[from..].iter().map(Mail::commands).sum();
        self.waiting.fetch_sub(commands, Ordering::Relaxed);
        if commands == taken.len() - from {
            return;
        }
        let mails: Vec<Mail> = taken.drain(from..).collect();
        for mail in mails {
            match mail {
                Mail::All(all) => taken.extend(all),
                single @ (Mail::Ask(..) | Mail::Fact(..)) => taken.push(single),
            }
        }
    }
}
