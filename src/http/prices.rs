//! `/v1/prices` and `/v1/prices/{service}`: what the units of services cost.

use std::{collections::BTreeMap, fmt};

use axum::extract::State;
use events::{Event, Position, PriceSet, Time, UnitPrice};
use ledger::PriceVersion;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use super::{
    app::Shared,
    extract::{
        AmountField, Asking, Caller, Intent, Object, Params, Payload, ServicePath, Text, UNIT_CHARS_MAX,
        UNITS_MAX, moment, scope, short_text,
    },
    positions::AtLeast,
    problem::Problem,
    reply::Reply,
    shapes::{Recording, UnitPrices},
};

/// A service's price to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceRequest<'a> {
    /// The price of each unit, by name; none to take the service's price away.
    #[serde(borrow)]
    #[schema(inline, value_type = UnitPrices)]
    units: Units<'a>,
    /// From when on it holds, RFC 3339; from now on, when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_from: Option<Text<'a>>,
    /// Until when, exclusively; for ever, when absent.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<Text<'a>>,
}

/// Units and their prices as they stand in the body.
#[derive(Debug)]
struct Units<'a>(Vec<(Text<'a>, Object<UnitPriceRequest<'a>>)>);

/// What one unit costs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitPriceRequest<'a> {
    #[serde(borrow)]
    credits: AmountField<'a>,
    per: Option<u32>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Units<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named;
        impl<'de> de::Visitor<'de> for Named {
            type Value = Vec<(Text<'de>, Object<UnitPriceRequest<'de>>)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of units and prices")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut units = Vec::new();
                while let Some(unit) = map.next_entry()? {
                    units.push(unit);
                }
                Ok(units)
            }
        }
        deserializer.deserialize_map(Named).map(Self)
    }
}

impl PriceRequest<'_> {
    fn units(&self) -> Result<BTreeMap<Box<str>, UnitPrice>, Problem> {
        if self.units.0.len() > UNITS_MAX {
            return Err(Problem::bad_request(format!("a price has at most {UNITS_MAX} units")));
        }
        let mut units = BTreeMap::new();
        for (name, Object(price)) in &self.units.0 {
            let name = short_text("units", name, UNIT_CHARS_MAX)?;
            let per = price.per.unwrap_or(1);
            if per == 0 {
                return Err(Problem::bad_request("`per` is at least 1"));
            }
            let price = UnitPrice { credits: price.credits.parse_from_zero()?, per };
            if units.insert(name, price).is_some() {
                return Err(Problem::bad_request("`units` names a unit twice"));
            }
        }
        Ok(units)
    }

    /// The version to set. `now` is from when on it holds when the request does not say.
    fn version(&self, service: Box<str>, now: Time) -> Result<PriceSet, Problem> {
        let read = |name: &str, text: Option<&Text<'_>>| text.map(|text| moment(name, text)).transpose();
        let valid_from = read("valid_from", self.valid_from.as_ref())?.unwrap_or(now);
        let valid_until = read("valid_until", self.valid_until.as_ref())?;
        if valid_until.is_some_and(|until| until <= valid_from) {
            return Err(Problem::bad_request("`valid_until` must lie after `valid_from`"));
        }
        Ok(PriceSet { service, units: self.units()?, valid_from, valid_until })
    }
}

/// One version of a service's price.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Price<'a> {
    /// The service.
    #[schema(example = "chat")]
    service: &'a str,
    /// The version, which deductions by this price name: its position. None in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "12")]
    version: Option<Position>,
    /// The price of each unit, by name; none when the service has no price from then on.
    #[schema(inline, value_type = UnitPrices)]
    units: &'a BTreeMap<Box<str>, UnitPrice>,
    /// From when on it holds.
    #[schema(value_type = String, format = DateTime)]
    valid_from: Time,
    /// Until when, exclusively; for ever, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<Time>,
}

/// A price that was set.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PriceAnswer<'a> {
    #[serde(flatten)]
    price: Price<'a>,
    #[serde(flatten)]
    recording: Recording,
}

/// A version of a price among the others.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListedPrice<'a> {
    #[serde(flatten)]
    price: Price<'a>,
    /// Whether it is the one that holds now.
    current: bool,
}

/// All prices of the organization.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PriceList<'a> {
    /// Every version of each service's price, by service, oldest first. Of the versions that hold at a
    /// time, the one set last counts.
    data: Vec<ListedPrice<'a>>,
}

impl<'a> Price<'a> {
    fn set(version: Option<Position>, set: &'a PriceSet) -> Self {
        let PriceSet { service, units, valid_from, valid_until } = set;
        Self { service, version, units, valid_from: *valid_from, valid_until: *valid_until }
    }

    fn known(service: &'a str, version: &'a PriceVersion) -> Self {
        let PriceVersion { version, units, valid_from, valid_until } = version;
        Self { service, version: Some(*version), units, valid_from: *valid_from, valid_until: *valid_until }
    }
}

/// Sets what the units of a service cost, from `valid_from` on: a new version, which stands in every
/// deduction that it prices. Setting again what holds already changes nothing.
///
/// A cost is rounded line by line to a micro-credit, halves to the even one.
#[utoipa::path(
    put, path = "/v1/prices/{service}", tag = "rules", operation_id = "set_price",
    params(("service" = String, Path, description = "The service, percent-encoded", example = "chat"), Intent),
    request_body(content = PriceRequest<'_>, example = json!({ "units": { "input_tokens": { "credits": "0.15", "per": 1_000_000 }, "images": { "credits": "4" } } })),
    responses((status = 200, description = "The price is set", body = PriceAnswer<'_>)),
)]
pub(super) async fn set(
    State(shared): State<Shared>,
    caller: Caller<scope::Prices>,
    ServicePath(service): ServicePath,
    asking: Asking,
    body: Payload,
) -> Result<Reply, Problem> {
    let request: PriceRequest<'_> = body.parse()?;
    let set = request.version(service, shared.clock.now())?;
    let begins = request.valid_from.as_ref().map(|_| set.valid_from);
    let rules = shared.latest_rules(caller.org).await;
    let versions = rules.as_ref().and_then(|rules| rules.prices.get(&set.service));
    let last = versions.and_then(|versions| versions.last());
    let same = last.filter(|last| {
        let since = begins.map_or(last.valid_from <= set.valid_from, |begins| begins == last.valid_from);
        since && last.units == set.units && last.valid_until == set.valid_until
    });
    if let Some(same) = same {
        return shared.told_again(&Price::known(&set.service, same), same.version, asking.dry_run).await;
    }
    let event = Event::PriceSet(set.clone());
    let recording = shared.rule(caller, &asking, event).await?;
    Ok(Reply::ok(&PriceAnswer { price: Price::set(recording.position, &set), recording }))
}

/// Lists the prices of the organization, past and future ones too.
#[utoipa::path(
    get, path = "/v1/prices", tag = "rules", operation_id = "list_prices",
    params(AtLeast),
    responses((status = 200, description = "The prices", body = PriceList<'_>)),
)]
pub(super) async fn list(
    State(shared): State<Shared>,
    caller: Caller<scope::Read>,
    Params(at_least): Params<AtLeast>,
) -> Result<Reply, Problem> {
    shared.reached(&at_least).await?;
    let rules = shared.rules(caller.org).await?;
    let now = shared.clock.now();
    let mut data = Vec::new();
    for (service, versions) in &rules.prices {
        let current = rules.price(service, now).map(|current| current.version);
        data.extend(versions.iter().map(|version| ListedPrice {
            price: Price::known(service, version),
            current: current == Some(version.version),
        }));
    }
    Ok(Reply::ok(&PriceList { data }))
}
