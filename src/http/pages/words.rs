//! What a scope lets an app do, as people say it.

/// What somebody agrees to by granting a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) words: &'static str,
    /// Whether credits can be spent by it: shown first, and with weight.
    pub(super) spends: bool,
}

const fn reads(words: &'static str) -> Meaning {
    Meaning { words, spends: false }
}

const fn spends(words: &'static str) -> Meaning {
    Meaning { words, spends: true }
}

/// The meaning of a scope; none for one that concerns nobody in person.
pub(super) fn meaning(scope: &str) -> Option<Meaning> {
    Some(match scope {
        "openid" => reads("Know that it is you, by an id that says nothing about you"),
        "profile" => reads("See your name"),
        "email" => reads("See your e-mail address"),
        "offline_access" => reads("Stay connected while you are away, until you disconnect it"),
        "credits:check" => reads("Ask whether you have enough credits"),
        "credits:read" => reads("See your balance and what was spent"),
        "credits:deduct" => spends("Spend your credits"),
        "credits:hold" => spends("Set your credits aside, and spend them later"),
        "credits:rollback" => reads("Give back credits that it spent"),
        "credits:purchase" => reads("Add credits that you buy"),
        "credits:grant" => reads("Give you credits"),
        "credits:refund" => reads("Take back purchases and their credits"),
        "credits:adjust" => spends("Correct your balance"),
        "wallets:control" => spends("Freeze your wallet and set its limits"),
        "groups:read" => reads("See which groups you are in"),
        "groups:admin" => reads("Change the groups that you run"),
        "members:read" => reads("See who else is in your groups"),
        "members:email" => reads("See the e-mail addresses of your groups' members"),
        "events:read" => reads("Learn at once what happens to your credits"),
        "reports:read" => reads("Read reports of your organization"),
        "activity:read" => reads("See when and where you signed in"),
        "admin" => spends("Do everything, in your whole organization"),
        _ => return None,
    })
}
