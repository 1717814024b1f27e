//! Who may call: apps and their keys, clients, users, sessions, groups.

use std::collections::BTreeMap;

use events::{
    ApiKeyExpirySet, ApiKeyIssued, ApiKeyRevoked, AppAccessGranted, AppAccessRevoked, AppRegistered,
    ClientSecretIssued, ClientSecretRevoked, ClientSet, Event, FamilyId, GroupId, GroupMemberAdded,
    GroupMemberRemoved, GroupRegistered, GroupRole, OrganizationRegistered, PasswordChanged, RefreshReused,
    SecretId, SessionId, SessionRevoked, SessionVerified, SessionsRevoked, SigningKeyChanged,
    SigningKeyState, Subject, Time, TokenId, TokenRevoked, UserDisabled, UserEnabled, UserId, UserLinked,
    UserRegistered, UserRole, UserRolesSet, UserSignedIn, UserVerified, Verifier,
};
use uuid::Uuid;

use super::{APP, KEY, ORG, Sample, about, bare, full, time};

const USER: UserId = UserId(Uuid::from_u128(0x7a30_1c55_9be2_4f18_a0d3_51c8_60ee_1807));
const SESSION: SessionId = SessionId(Uuid::from_u128(0x8b41_2d66_acf3_4029_b1e4_62d9_71ff_2908));
const GROUP: GroupId = GroupId(Uuid::from_u128(0x9c52_3e77_bd04_413a_82f5_73ea_8200_3a09));
const SECRET: SecretId = SecretId(Uuid::from_u128(0xad63_4f88_ce15_424b_9306_84fb_9311_4b0a));
const TOKEN: TokenId = TokenId(Uuid::from_u128(0xbe74_5099_df26_435c_a417_950c_a422_5c0b));
const FAMILY: FamilyId = FamilyId(Uuid::from_u128(0xcf85_61aa_e037_446d_b528_a61d_b533_6d0c));
const VERIFIER: Verifier = Verifier(*b"\x80\x81\x82\x83\x84\x85\x86\x87\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x90\x91\x92\x93\x94\x95\x96\x97\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f");

pub(super) fn all() -> Vec<Sample> {
    [apps(), clients(), users(), sessions(), tokens(), groups(), signing_keys()]
        .into_iter()
        .flatten()
        .collect()
}

fn expiry() -> Option<Time> {
    Some(time("2027-11-21T00:00:00Z"))
}

fn of_org(sample: Sample) -> Sample {
    about(Subject::Organization(ORG), Some(ORG), sample)
}

fn of_app(sample: Sample) -> Sample {
    about(Subject::App(APP), Some(ORG), sample)
}

fn of_group(sample: Sample) -> Sample {
    about(Subject::Group(GROUP), Some(ORG), sample)
}

/// A fact about the user that an app caused for it.
fn of_user(name: &'static str, event: impl Into<Event>) -> Sample {
    let mut sample = about(Subject::User(USER), Some(ORG), full(name, event));
    sample.envelope.app = Some(APP);
    sample.envelope.actor = Some(format!("user/{USER}").into());
    sample
}

/// The same without whatever it can do without.
fn bare_of_user(name: &'static str, event: impl Into<Event>) -> Sample {
    about(Subject::User(USER), Some(ORG), bare(name, event))
}

fn apps() -> Vec<Sample> {
    let organization = OrganizationRegistered { organization: ORG, name: "default".into() };
    let app = AppRegistered { app: APP, organization: ORG, name: "Chat bot 2.0".into() };
    let scopes = vec!["credits:check".into(), "credits:deduct".into()];
    let issued = ApiKeyIssued { key: KEY, app: APP, scopes, verifier: VERIFIER, expires: None };
    let expiring = ApiKeyIssued { expires: expiry(), ..issued.clone() };
    let revoked = ApiKeyRevoked { key: KEY, app: APP };
    let ends = ApiKeyExpirySet { key: KEY, app: APP, expires: expiry() };
    let ends_never = ApiKeyExpirySet { expires: None, ..ends.clone() };
    vec![
        of_org(full("01-full", organization.clone())),
        of_org(bare("02-bare", organization)),
        of_app(full("01-full", app.clone())),
        of_app(bare("02-bare", app)),
        of_app(full("01-full", issued.clone())),
        of_app(bare("02-bare", issued)),
        of_app(bare("03-expiring", expiring)),
        of_app(full("01-full", revoked.clone())),
        of_app(bare("02-bare", revoked)),
        of_app(full("01-full", ends)),
        of_app(bare("02-bare", ends_never)),
    ]
}

fn clients() -> Vec<Sample> {
    let texts = |texts: &[&str]| texts.iter().map(|text| Box::from(*text)).collect::<Vec<Box<str>>>();
    let set = ClientSet {
        app: APP,
        client_id: "chat-web".into(),
        confidential: true,
        grants: texts(&["authorization_code", "refresh_token"]),
        redirect_uris: texts(&["https://chat.example/callback", "com.example.chat:/callback"]),
        logout_uris: texts(&["https://chat.example/bye"]),
        origins: texts(&["https://chat.example"]),
        return_to: BTreeMap::from([("chatgpt".into(), "https://chat.example/back".into())]),
        scopes: texts(&["openid", "credits:check"]),
        audiences: texts(&["https://api.chat.example"]),
        first_party: true,
        display_name: "Chat bot 2.0".into(),
        disabled: false,
    };
    let service = ClientSet {
        client_id: "chat-api-service".into(),
        grants: texts(&["client_credentials"]),
        redirect_uris: Vec::new(),
        logout_uris: Vec::new(),
        origins: Vec::new(),
        return_to: BTreeMap::new(),
        scopes: Vec::new(),
        audiences: Vec::new(),
        first_party: false,
        disabled: true,
        ..set.clone()
    };
    let issued = ClientSecretIssued { app: APP, secret: SECRET, verifier: VERIFIER, expires: expiry() };
    let lasting = ClientSecretIssued { expires: None, ..issued.clone() };
    let revoked = ClientSecretRevoked { app: APP, secret: SECRET };
    vec![
        of_app(full("01-full", set)),
        of_app(bare("02-bare", service)),
        of_app(full("01-full", issued)),
        of_app(bare("02-bare", lasting)),
        of_app(full("01-full", revoked.clone())),
        of_app(bare("02-bare", revoked)),
    ]
}

fn users() -> Vec<Sample> {
    let roles = vec![UserRole::Customer, UserRole::Admin, UserRole::Auditor];
    vec![
        of_user("01-full", UserRegistered { user: USER, organization: ORG }),
        bare_of_user("02-bare", UserRegistered { user: USER, organization: ORG }),
        of_user("01-full", UserVerified { user: USER }),
        bare_of_user("02-bare", UserVerified { user: USER }),
        of_user("01-full", UserRolesSet { user: USER, roles }),
        bare_of_user("02-bare", UserRolesSet { user: USER, roles: Vec::new() }),
        of_user("01-full", UserDisabled { user: USER, reason: "operator".into() }),
        bare_of_user("02-bare", UserDisabled { user: USER, reason: "operator".into() }),
        of_user("01-full", UserEnabled { user: USER }),
        bare_of_user("02-bare", UserEnabled { user: USER }),
        of_user("01-full", UserLinked { user: USER, provider: "google".into() }),
        bare_of_user("02-bare", UserLinked { user: USER, provider: "google".into() }),
        of_user("01-full", PasswordChanged { user: USER }),
        bare_of_user("02-bare", PasswordChanged { user: USER }),
    ]
}

fn sessions() -> Vec<Sample> {
    let signed_in = UserSignedIn { user: USER, session: SESSION, app: Some(APP), method: "google".into() };
    let verified = SessionVerified { user: USER, session: SESSION, app: Some(APP) };
    let revoked = SessionRevoked { user: USER, session: SESSION, app: Some(APP), reason: "logout".into() };
    let all = SessionsRevoked {
        user: USER,
        before: time("2026-11-21T09:30:00.000001Z"),
        reason: "logout-everywhere".into(),
    };
    vec![
        of_user("01-full", signed_in.clone()),
        bare_of_user("02-bare", UserSignedIn { app: None, method: "password".into(), ..signed_in }),
        of_user("01-full", verified.clone()),
        bare_of_user("02-bare", SessionVerified { app: None, ..verified }),
        of_user("01-full", revoked.clone()),
        bare_of_user("02-bare", SessionRevoked { app: None, ..revoked }),
        of_user("01-full", all.clone()),
        bare_of_user("02-bare", all),
    ]
}

fn tokens() -> Vec<Sample> {
    let scopes = vec!["openid".into(), "credits:deduct".into()];
    let granted = AppAccessGranted { user: USER, app: APP, scopes };
    let taken = AppAccessRevoked { user: USER, app: APP };
    let until = time("2026-11-21T09:45:00Z");
    let token = TokenRevoked { token: TOKEN, app: APP, user: Some(USER), until };
    let reused = RefreshReused { app: APP, user: Some(USER), family: FAMILY };
    vec![
        of_user("01-full", granted.clone()),
        bare_of_user("02-bare", AppAccessGranted { scopes: Vec::new(), ..granted }),
        of_user("01-full", taken.clone()),
        bare_of_user("02-bare", taken),
        of_app(full("01-full", token.clone())),
        of_app(bare("02-bare", TokenRevoked { user: None, ..token })),
        of_app(full("01-full", reused.clone())),
        of_app(bare("02-bare", RefreshReused { user: None, ..reused })),
    ]
}

fn groups() -> Vec<Sample> {
    let registered = GroupRegistered { group: GROUP, organization: ORG, name: "Team red".into() };
    let added = GroupMemberAdded { group: GROUP, user: USER, role: GroupRole::Admin, added_by: Some(USER) };
    let plain = GroupMemberAdded { role: GroupRole::Member, added_by: None, ..added.clone() };
    let removed = GroupMemberRemoved { group: GROUP, user: USER };
    vec![
        of_group(full("01-full", registered.clone())),
        of_group(bare("02-bare", registered)),
        of_group(full("01-full", added)),
        of_group(bare("02-bare", plain)),
        of_group(full("01-full", removed.clone())),
        of_group(bare("02-bare", removed)),
    ]
}

fn signing_keys() -> Vec<Sample> {
    let changed = |state| SigningKeyChanged { kid: "2026-11-21-f3a9".into(), state };
    vec![
        full("01-full", changed(SigningKeyState::Published)),
        bare("02-active", changed(SigningKeyState::Active)),
        bare("03-retained", changed(SigningKeyState::Retained)),
        bare("04-revoked", changed(SigningKeyState::Revoked)),
    ]
}
