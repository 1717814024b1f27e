//! One spelling for each request, so that a repeated one is recognised and a changed one is too.

use events::{Class, Position, Time, WalletId};

use crate::{Command, Expiry, NewLot};

impl Command {
    /// Appends the operation, the target wallet and every field of the request, before pricing,
    /// each with its length in front, so that no two requests share a spelling.
    pub fn canonical(&self, wallet: WalletId, out: &mut Vec<u8>) {
        let mut fields = Fields(out);
        fields.bytes(format!("{:?}", self.operation()).as_bytes());
        fields.bytes(wallet.0.as_bytes());
        match self {
            Self::OpenWallet => {}
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
                fields.number(c.cost.credits().micros());
            }
            Self::Deduct(d) => {
                fields.text(Some(&d.service));
                fields.number(d.cost.credits().micros());
                fields.text(d.metadata.as_ref().map(events::Metadata::as_str));
            }
            Self::RollBack(r) => {
                let Position(deduction) = r.deduction;
                fields.bytes(&deduction.to_be_bytes());
                fields.optional(r.amount.map(|amount| amount.credits().micros()));
                fields.text(r.reason.as_deref());
            }
        }
    }
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

    fn lot(&mut self, lot: &NewLot) {
        self.0.push(match lot.class {
            Class::Promotional => 0,
            Class::Paid => 1,
        });
        self.0.push(lot.priority);
        let (kind, at) = match lot.expiry {
            None => (0, 0),
            Some(Expiry::After(micros)) => (1, micros),
            Some(Expiry::At(time)) => (2, Time::micros(time)),
        };
        self.0.push(kind);
        self.number(at);
    }
}
