//! One spelling for each request, so that a repeated one is recognised and a changed one is too.

use events::{Class, Operation, Period, Position, RefundCause, Time, WalletId};

use crate::{Capture, Charge, Command, Deduct, Expiry, Hold, HoldTerms, NewLot, Refund, SetCap};

impl Command {
    /// Appends the operation, the target wallet and every field of the request, before pricing,
    /// each with its length in front, so that no two requests share a spelling.
    pub fn canonical(&self, wallet: WalletId, out: &mut Vec<u8>) {
        let mut fields = Fields(out);
        fields.bytes(name(self.operation()).as_bytes());
        fields.bytes(wallet.0.as_bytes());
        if let Some(earlier) = self.refers_to() {
            fields.position(earlier);
        }
        match self {
            Self::OpenWallet | Self::Approve(_) | Self::Release(_) => {}
            Self::Purchase(p) => {
                fields.number(p.amount.credits().micros());
                fields.lot(&p.lot);
                fields.text(p.payment_reference.as_deref());
                let price = p
                    .price_paid
                    .map(|price| format!("{} {}", price.amount.normalize(), price.currency.as_str()));
                fields.text(price.as_deref());
            }
            Self::Grant(g) => {
                fields.number(g.amount.credits().micros());
                fields.lot(&g.lot);
                fields.text(g.reason.as_deref());
            }
            Self::Check(c) => {
                fields.text(Some(&c.service));
                fields.charge(&c.charge);
                fields.text(c.budget.as_deref());
                fields.optional(c.hold.map(|terms| terms.timeout_micros));
                fields.optional(c.hold.and_then(cap));
            }
            Self::Deduct(d) => fields.deduct(d),
            Self::DeductBatch(all) => {
                fields.number(all.len().cast_signed() as i64);
                all.iter().for_each(|d| fields.deduct(d));
            }
            Self::RollBack(r) => {
                fields.optional(r.amount.map(|amount| amount.credits().micros()));
                fields.text(r.reason.as_deref());
            }
            Self::Hold(h) => fields.hold(h),
            Self::Capture(c) => fields.capture(c),
            Self::Extend(e) => fields.number(e.timeout_micros),
            Self::Refund(r) => fields.refund(r),
            Self::Adjust(a) => {
                fields.number(a.amount.micros());
                fields.class(a.lot.class, a.lot.priority);
                fields.optional(a.lot.expires_after);
                fields.text(Some(&a.reason));
            }
            Self::Freeze(f) => fields.text(f.reason.as_deref()),
            Self::Unfreeze(f) => fields.text(f.reason.as_deref()),
            Self::SetLimit(l) => fields.number(l.limit.micros()),
            Self::SetCap(c) => fields.cap(c),
            Self::SetThreshold(t) => fields.optional(t.threshold.map(|amount| amount.credits().micros())),
        }
    }
}

/// The operation's name in requests' hashes. Stored for ever: a repeated command is recognised by it.
const fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::OpenWallet => "OpenWallet",
        Operation::Purchase => "Purchase",
        Operation::Grant => "Grant",
        Operation::Check => "Check",
        Operation::Deduct => "Deduct",
        Operation::Rollback => "Rollback",
        Operation::Hold => "Hold",
        Operation::Capture => "Capture",
        Operation::Extend => "Extend",
        Operation::Release => "Release",
        Operation::Refund => "Refund",
        Operation::Adjust => "Adjust",
        Operation::Approve => "Approve",
        Operation::Freeze => "Freeze",
        Operation::Unfreeze => "Unfreeze",
        Operation::SetLimit => "SetLimit",
        Operation::SetCap => "SetCap",
        Operation::SetThreshold => "SetThreshold",
        Operation::DeductBatch => "DeductBatch",
    }
}

fn cap(terms: HoldTerms) -> Option<i64> {
    terms.cap.map(|cap| cap.credits().micros())
}

struct Fields<'a>(&'a mut Vec<u8>);

impl Fields<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn number(&mut self, number: i64) {
        self.bytes(&number.to_be_bytes());
    }

    fn optional(&mut self, number: Option<i64>) {
        match number {
            Some(number) => self.number(number),
            None => self.0.push(0xff),
        }
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.bytes(text.as_bytes()),
            None => self.0.push(0xff),
        }
    }

    fn position(&mut self, Position(position): Position) {
        self.bytes(&position.to_be_bytes());
    }

    fn charge(&mut self, charge: &Charge) {
        match charge {
            Charge::Cost(cost) => self.number(cost.credits().micros()),
            Charge::Usage(usage) => {
                self.number(-1 - usage.len().cast_signed() as i64);
                for (unit, quantity) in usage {
                    self.text(Some(unit));
                    self.number(quantity.micros());
                }
            }
        }
    }

    fn deduct(&mut self, ask: &Deduct) {
        self.text(Some(&ask.service));
        self.charge(&ask.charge);
        self.text(ask.budget.as_deref());
        self.text(ask.metadata.as_ref().map(events::Metadata::as_str));
    }

    fn hold(&mut self, ask: &Hold) {
        self.text(Some(&ask.service));
        self.charge(&ask.charge);
        self.number(ask.terms.timeout_micros);
        self.optional(cap(ask.terms));
        self.text(ask.budget.as_deref());
        self.text(ask.metadata.as_ref().map(events::Metadata::as_str));
    }

    fn capture(&mut self, ask: &Capture) {
        match &ask.charge {
            Some(charge) => self.charge(charge),
            None => self.text(None),
        }
        self.number(i64::from(ask.last));
        self.text(ask.metadata.as_ref().map(events::Metadata::as_str));
    }

    fn refund(&mut self, ask: &Refund) {
        self.number(match ask.cause {
            RefundCause::Refund => 0,
            RefundCause::Chargeback => 1,
        });
        self.optional(ask.amount.map(|amount| amount.credits().micros()));
        self.text(ask.reason.as_deref());
        self.text(ask.payment_reference.as_deref());
    }

    fn cap(&mut self, ask: &SetCap) {
        self.bytes(ask.app.0.as_bytes());
        self.text(ask.budget.as_deref());
        self.text(Some(match ask.period {
            Period::Day => "day",
            Period::Month => "month",
            Period::Total => "total",
        }));
        self.optional(ask.amount.map(events::Credits::micros));
    }

    fn class(&mut self, class: Class, priority: u8) {
        self.0.push(match class {
            Class::Promotional => 0,
            Class::Paid => 1,
        });
        self.0.push(priority);
    }

    fn lot(&mut self, lot: &NewLot) {
        self.class(lot.class, lot.priority);
        let (kind, at) = match lot.expiry {
            None => (0, 0),
            Some(Expiry::After(micros)) => (1, micros),
            Some(Expiry::At(time)) => (2, Time::micros(time)),
        };
        self.0.push(kind);
        self.number(at);
    }
}
