//! Totals in few bytes, for the marks between which entries are added up.

use std::collections::BTreeMap;

use super::{Flow, Standing, Totals, Worth};
use crate::{
    packed::field::{put_currency, take_currency},
    varint,
};

const FLOWS: usize = Flow::ALL.len();

impl Totals {
    /// Appends the totals: the sum of the amounts, the number of flows, paid, promotional and debt of
    /// each, then each currency with a number for each flow and
    /// what was reversed. Numbers are zigzag-coded LEB128.
    pub fn pack(&self, bytes: &mut Vec<u8>) {
        varint::put_wide(bytes, self.balance);
        varint::put(bytes, FLOWS as u64);
        for flow in &self.flows {
            [flow.paid, flow.promotional, flow.debt].iter().for_each(|sum| varint::put_wide(bytes, *sum));
        }
        for (currency, worth) in &self.values {
            put_currency(bytes, *currency);
            worth.flows.iter().for_each(|value| varint::put_wide(bytes, *value));
            varint::put_wide(bytes, worth.reversed);
        }
    }

    /// Reads what [`Self::pack`] wrote, by this version or one that knew fewer flows; `None` when the
    /// bytes are anything else.
    #[must_use]
    pub fn unpack(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let mut totals = Self { balance: varint::take_wide(bytes)?, ..Self::default() };
        let known = usize::try_from(varint::take(bytes)?).ok().filter(|known| *known <= FLOWS)?;
        for flow in totals.flows.iter_mut().take(known) {
            *flow = Standing {
                paid: varint::take_wide(bytes)?,
                promotional: varint::take_wide(bytes)?,
                debt: varint::take_wide(bytes)?,
            };
        }
        let mut values = BTreeMap::new();
        while !bytes.is_empty() {
            let currency = take_currency(bytes)?;
            let mut worth = Worth::default();
            for value in worth.flows.iter_mut().take(known) {
                *value = varint::take_wide(bytes)?;
            }
            worth.reversed = varint::take_wide(bytes)?;
            values.insert(currency, worth);
        }
        totals.values = values;
        Some(totals)
    }
}
