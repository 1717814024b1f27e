//! What is received.

use std::collections::BTreeMap;

use events::{Credits, Position};
use serde_json::Value;

use crate::{
    scenarios::world::{Answer, Done, Parts, Refused, State},
    support::app::Answer as Response,
};

/// The answer to a command. `made` is what the answering event tells, for what the answer leaves out.
pub(super) fn result(response: &Response, made: Option<Done>) -> Result<Done, Refused> {
    let json = response.json();
    if response.status >= 400 {
        let code = json["code"].as_str().expect("a problem has a code");
        response.problem(response.status, code);
        return Err(refused(&json));
    }
    Ok(done(&json, made.unwrap_or_default()))
}

/// The results of a batch. `made` tells what is stored at a position.
pub(super) fn items(json: &Value) -> Vec<Answer> {
    let one = |item: &Value| {
        let failed = item["status"].as_u64().expect("an item has a status") >= 400;
        let result = if failed { Err(refused(item)) } else { Ok(done(item, Done::default())) };
        Answer { result, replayed: item["replayed"] == true }
    };
    json["results"].as_array().expect("a batch has results").iter().map(one).collect()
}

/// The position of the event that answers; of an atomic batch, of its last item.
pub(super) fn position(json: &Value) -> Option<Position> {
    let last = json["results"].as_array().and_then(|items| items.last()).unwrap_or(json);
    last["position"].as_str().and_then(|position| position.parse().ok()).map(Position)
}

/// A wallet.
pub(super) fn state(json: &Value) -> State {
    let list = |name: &str| json[name].as_array().expect("a wallet has lots and holds").iter();
    let lot = |lot: &Value| (lot_id(&lot["id"]), credits(&lot["remaining"]));
    let mut members = members(json);
    for (name, shown) in [("limit", "credit_limit"), ("threshold", "low_balance")] {
        members.insert(name.to_owned(), json[shown].as_str().unwrap_or("0").to_owned());
    }
    State {
        balance: credits(&json["balance"]),
        frozen: json["frozen"].as_bool().expect("a wallet is frozen or not"),
        lots: list("lots").map(lot).collect(),
        holds: list("holds").map(hold).collect(),
        members,
    }
}

fn refused(json: &Value) -> Refused {
    let code = json["code"].as_str().expect("a problem has a code").to_owned();
    Refused { code, members: members(json) }
}

fn done(json: &Value, made: Done) -> Done {
    if let Some(items) = json["results"].as_array() {
        let slices = items.iter().flat_map(|item| parts(&item["slices"]).unwrap_or_default()).collect();
        let last = items.last().expect("a batch has items");
        return Done { slices, ..done(last, made) };
    }
    let price = &json["price"];
    let mut stated = made.members;
    stated.extend(members(json));
    Done {
        position: position(json).unwrap_or_default(),
        balance: credits(&json["balance"]),
        sufficient: json["sufficient"].as_bool(),
        hold: json["hold"].as_str().filter(|_| json["sufficient"] == true).map(id),
        proposed: json["status"] == "proposed",
        slices: parts(&json["slices"]).unwrap_or(made.slices),
        beyond: parts(&json["beyond"]).unwrap_or(made.beyond),
        version: price["version"].as_str().map(|version| Position(version.parse().expect("a position"))),
        lines: price["lines"].as_array().into_iter().flatten().map(line).collect(),
        members: stated,
    }
}

/// Texts and numbers by name.
fn members(json: &Value) -> BTreeMap<String, String> {
    let all = json.as_object().expect("an answer is an object").iter();
    let shown = all.filter_map(|(name, value)| {
        let text = value.as_str().map(str::to_owned);
        Some((name.clone(), text.or_else(|| value.as_u64().map(|number| number.to_string()))?))
    });
    shown.collect()
}

fn line(json: &Value) -> (String, Credits) {
    (json["unit"].as_str().expect("a unit").to_owned(), credits(&json["cost"]))
}

fn hold(json: &Value) -> (Position, Credits) {
    (id(json["id"].as_str().expect("a hold has an id")), credits(&json["remaining"]))
}

fn parts(json: &Value) -> Option<Parts> {
    let slice = |json: &Value| (lot_id(&json["lot"]), credits(&json["amount"]));
    json.as_array().map(|slices| slices.iter().map(slice).collect())
}

fn lot_id(json: &Value) -> Position {
    Position(json.as_str().and_then(|lot| lot.parse().ok()).expect("a lot's position"))
}

/// The position in a public id.
fn id(text: &str) -> Position {
    let position = text.rsplit('_').next().and_then(|position| position.parse().ok());
    Position(position.expect("an id ends in its position"))
}

fn credits(json: &Value) -> Credits {
    json.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{json} is no amount"))
}
