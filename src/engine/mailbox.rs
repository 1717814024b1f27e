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
    Fact(Box<Fact>, oneshot::Sender<Result<Arc<Recorded>, EngineError>>),
}

impl Mail {
    pub(super) fn ask(&self) -> Option<&Ask> {
        match self {
            Self::Ask(ask, _) => Some(ask),
            Self::Fact(..) => None,
        }
    }

    /// Answers with an error.
    pub(super) fn refuse(self, error: EngineError) {
        match self {
            Self::Ask(_, answer) => answer.send(Err(error)),
            // Nobody minds when the caller no longer waits.
            Self::Fact(_, answer) => drop(answer.send(Err(error))),
        }
    }
}

/// What is put into the queue at once.
#[derive(Debug)]
pub(super) enum Packet {
    One(Mail),
    All(Vec<Mail>),
}

impl Packet {
    const fn commands(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::All(mails) => mails.len(),
        }
    }

    /// Answers with an error.
    pub(super) fn refuse(self, error: &EngineError) {
        match self {
            Self::One(mail) => mail.refuse(error.clone()),
            Self::All(mails) => mails.into_iter().for_each(|mail| mail.refuse(error.clone())),
        }
    }
}

/// A queue for at most `bound` commands.
pub(super) fn mailbox(bound: usize) -> (Sender, Receiver) {
    let (packets, received) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let receiver = Receiver { packets: received, taken: Vec::new(), waiting: Arc::clone(&waiting) };
    (Sender { packets, waiting, bound }, receiver)
}

/// Puts packets into the queue.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    packets: mpsc::UnboundedSender<Packet>,
    waiting: Arc<AtomicUsize>,
    bound: usize,
}

impl Sender {
    /// Hands a packet over; or says why not and gives it back.
    pub(super) fn send(&self, packet: Packet) -> Result<(), (EngineError, Packet)> {
        let commands = packet.commands();
        // Nothing else is guarded by this number, so no order is needed.
        let before = self.waiting.fetch_add(commands, Ordering::Relaxed);
        // A packet larger than the whole queue passes when nobody waits.
        if before > 0 && before + commands > self.bound {
            self.waiting.fetch_sub(commands, Ordering::Relaxed);
            return Err((EngineError::Overloaded, packet));
        }
        self.packets.send(packet).map_err(|lost| {
            self.waiting.fetch_sub(commands, Ordering::Relaxed);
            (EngineError::Stopping, lost.0)
        })
    }
}

/// Takes mails out of the queue.
#[derive(Debug)]
pub(super) struct Receiver {
    packets: mpsc::UnboundedReceiver<Packet>,
    taken: Vec<Packet>,
    waiting: Arc<AtomicUsize>,
}

impl Receiver {
    /// Waits, then takes the mails of at most `limit` packets; false when there will be none any
    /// more. Loses nothing when it is not waited for.
    pub(super) async fn take(&mut self, mails: &mut Vec<Mail>, limit: usize) -> bool {
        let count = self.packets.recv_many(&mut self.taken, limit).await;
        self.unpack(mails);
        count > 0
    }

    /// Takes the mails of a packet, if there is one.
    pub(super) fn try_take(&mut self, mails: &mut Vec<Mail>) -> bool {
        let packet = self.packets.try_recv().ok();
        let any = packet.is_some();
        self.taken.extend(packet);
        self.unpack(mails);
        any
    }

    /// Lets no more packets in; those in the queue are still to be taken.
    pub(super) fn close(&mut self) {
        self.packets.close();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.packets.is_closed()
    }

    /// Commands in the queue.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn unpack(&mut self, mails: &mut Vec<Mail>) {
        for packet in self.taken.drain(..) {
            self.waiting.fetch_sub(packet.commands(), Ordering::Relaxed);
            match packet {
                Packet::One(mail) => mails.push(mail),
                Packet::All(all) => mails.extend(all),
            }
        }
    }
}
