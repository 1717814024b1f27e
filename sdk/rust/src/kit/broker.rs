//! A broker in memory that does as it is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use events::Position;
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Story;
use crate::{
    Consumer, Handler, Inbox,
    broker::{Broker, Delivery, Lost, Receipt, Session},
};

/// What a [`ScriptedBroker`] does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Tells the story's event of this number, from 0. A number that is left out is a gap, one that
    /// comes again a repetition, an earlier one a reordering.
    Tell(usize),
    /// Sends bytes that may be no event, without headers.
    Send(Bytes),
    /// Waits until everything that was sent is settled.
    Settle,
    /// Loses the connection: what isn't settled comes again.
    Lose,
    /// Ends the subscription, as when the queue is moved: the same.
    End,
    /// Refuses the next attempt to connect; meant to follow [`Step::Lose`].
    Refuse,
}

impl Step {
    /// The whole story, in order.
    pub fn all(story: &Story) -> impl Iterator<Item = Self> + use<> {
        (0..story.told().count()).map(Self::Tell)
    }
}

/// A broker that plays a script. Clones share it.
#[derive(Debug, Clone)]
pub struct ScriptedBroker {
    queue: Arc<Mutex<Queue>>,
    moved: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Queue {
    script: VecDeque<Step>,
    told: Vec<Message>,
    /// What was sent and isn't settled, in order.
    out: Vec<(u64, Message)>,
    /// What comes again, before the script goes on.
    again: VecDeque<Message>,
    numbers: u64,
    session: u64,
    acknowledged: Vec<Bytes>,
    parked: Vec<Bytes>,
}

#[derive(Debug, Clone)]
struct Message {
    body: Bytes,
    position: Option<Position>,
    prev: Option<Position>,
}

/// What the queue does when a session asks.
enum Turn {
    Deliver(u64, Message),
    Wait,
    Lose,
    End,
}

impl ScriptedBroker {
    /// A broker that tells this story in these steps.
    #[must_use]
    pub fn new(story: &Story, script: impl IntoIterator<Item = Step>) -> Self {
        let told = story.told().map(|(at, body, prev)| Message { body, position: Some(at), prev });
        let queue = Queue { told: told.collect(), script: script.into_iter().collect(), ..Queue::default() };
        Self { queue: Arc::new(Mutex::new(queue)), moved: watch::Sender::new(()) }
    }

    /// Runs the consumer until the script is over and everything is settled and handled, and stops it.
    pub async fn play<I: Inbox, H: Handler<I::Transaction>>(&self, consumer: Consumer<Self, I, H>) {
        let stop = CancellationToken::new();
        let (mut moved, mut open) = (self.moved.subscribe(), consumer.open());
        let over = async {
            loop {
                moved.mark_unchanged();
                if self.lock().is_over() && *open.borrow_and_update() == 0 {
                    break;
                }
                // Whichever moves, and whether or not its sender is gone: it is looked at again.
                tokio::select! {
                    _ = moved.changed() => {}
                    _ = open.changed() => {}
                }
            }
            stop.cancel();
        };
        tokio::join!(consumer.run(stop.clone()), over);
    }

    /// What was acknowledged, in order.
    #[must_use]
    pub fn acknowledged(&self) -> Vec<Bytes> {
        self.lock().acknowledged.clone()
    }

    /// What was parked, in order.
    #[must_use]
    pub fn parked(&self) -> Vec<Bytes> {
        self.lock().parked.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker for ScriptedBroker {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, Lost>> {
        let mut queue = self.lock();
        if queue.script.front() == Some(&Step::Refuse) {
            queue.script.pop_front();
            return Box::pin(async { Err(Lost("refused".to_owned())) });
        }
        queue.session += 1;
        let session = ScriptedSession { broker: self.clone(), session: queue.session };
        Box::pin(async move { Ok(Box::new(session) as Box<dyn Session>) })
    }
}

impl Queue {
    fn is_over(&self) -> bool {
        self.script.is_empty() && self.again.is_empty() && self.out.is_empty()
    }

    /// A turn, and whether the script went on.
    fn turn_and_tell(&mut self) -> (Turn, bool) {
        let before = self.script.len();
        let turn = self.turn();
        (turn, self.script.len() < before)
    }

    fn turn(&mut self) -> Turn {
        if let Some(message) = self.again.pop_front() {
            return self.deliver(message);
        }
        match self.script.front().cloned() {
            Some(Step::Settle) if self.out.is_empty() => {
                self.script.pop_front();
                self.turn()
            }
            None | Some(Step::Settle) => Turn::Wait,
            Some(step) => {
                self.script.pop_front();
                self.step(step)
            }
        }
    }

    fn step(&mut self, step: Step) -> Turn {
        match step {
            Step::Tell(number) => self.deliver(self.told[number].clone()),
            Step::Send(body) => self.deliver(Message { body, position: None, prev: None }),
            Step::Lose => Turn::Lose,
            Step::End => Turn::End,
            Step::Settle | Step::Refuse => self.turn(),
        }
    }

    fn deliver(&mut self, message: Message) -> Turn {
        self.numbers += 1;
        self.out.push((self.numbers, message.clone()));
        Turn::Deliver(self.numbers, message)
    }

    /// What isn't settled comes again, in its order.
    fn take_back(&mut self) {
        self.session += 1;
        for (_, message) in std::mem::take(&mut self.out).into_iter().rev() {
            self.again.push_front(message);
        }
    }
}

struct ScriptedSession {
    broker: ScriptedBroker,
    session: u64,
}

impl ScriptedSession {
    async fn turn(&self) -> Result<Option<Delivery>, Lost> {
        let mut moved = self.broker.moved.subscribe();
        loop {
            moved.mark_unchanged();
            let (turn, went_on) = self.broker.lock().turn_and_tell();
            if went_on {
                // It may be over now.
                self.broker.moved.send_replace(());
            }
            match turn {
                Turn::Deliver(number, Message { body, position, prev }) => {
                    let broker = self.broker.clone();
                    let receipt = Box::new(ScriptedReceipt { broker, session: self.session, number });
                    return Ok(Some(Delivery { body, position, prev, receipt }));
                }
                Turn::Wait => moved.changed().await.map_err(|_| Lost("the script is gone".to_owned()))?,
                Turn::Lose => return Err(Lost("the script says so".to_owned())),
                Turn::End => return Ok(None),
            }
        }
    }
}

impl Session for ScriptedSession {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Delivery>, Lost>> {
        Box::pin(self.turn())
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

impl Drop for ScriptedSession {
    fn drop(&mut self) {
        self.broker.lock().take_back();
        self.broker.moved.send_replace(());
    }
}

struct ScriptedReceipt {
    broker: ScriptedBroker,
    session: u64,
    number: u64,
}

impl ScriptedReceipt {
    fn settle(&self, list: fn(&mut Queue) -> &mut Vec<Bytes>) -> Result<(), Lost> {
        let mut queue = self.broker.lock();
        let out = queue.out.iter().position(|(number, _)| *number == self.number);
        let Some(index) = out.filter(|_| queue.session == self.session) else {
            return Err(Lost("the message's session has ended".to_owned()));
        };
        let (_, message) = queue.out.remove(index);
        list(&mut queue).push(message.body);
        drop(queue);
        self.broker.moved.send_replace(());
        Ok(())
    }
}

impl Receipt for ScriptedReceipt {
    fn ack(self: Box<Self>) -> BoxFuture<'static, Result<(), Lost>> {
        Box::pin(async move { self.settle(|queue| &mut queue.acknowledged) })
    }

    fn park(self: Box<Self>) -> BoxFuture<'static, Result<(), Lost>> {
        Box::pin(async move { self.settle(|queue| &mut queue.parked) })
    }
}
