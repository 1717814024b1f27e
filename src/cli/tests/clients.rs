//! `client …`: apps as OAuth clients.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_leaves_no_app_behind_and_no_client_has_a_key() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let service =
        "client create --name api --client-id chat-api --grants client_credentials --scopes groups:read";
    let made = json(dir, service).await;
    assert!(made["client_secret"].as_str().is_some_and(|secret| secret.starts_with("cls_")), "{made}");
    for wrong in [
        "client create --name web --public --redirect-uri javascript:alert(1)",
        "client create --name web --public --grants client_credentials",
        "client create --name web --client-id chat-api",
        "client create --name web --client-id web-page --return-to chat-api=https://web.example/",
        "client create --name api --client-id another-api",
    ] {
        typed(dir, wrong).await.expect_err(wrong);
    }
    let named = |apps: serde_json::Value| -> Vec<_> {
        apps.as_array().expect("apps").iter().map(|app| app["name"].clone()).collect()
    };
    assert_eq!(named(json(dir, "app list").await), ["api"]);
    assert_eq!(json(dir, "key list").await, serde_json::json!([]));
    let web = json(dir, "client create --name web --public --redirect-uri https://web.example/cb").await;
    assert_eq!((&web["display_name"], &web["confidential"]), (&"web".into(), &false.into()));

    let app = made["app_id"].as_str().expect("an id");
    let secret = json(dir, &format!("client secret {app} --expires-in 90d")).await;
    assert!(secret["expires"].is_string(), "{secret}");
    let public = web["app_id"].as_str().expect("an id");
    let refused = typed(dir, &format!("client secret {public}")).await.expect_err("a public client");
    assert!(refused.to_string().contains("a public client has no secrets"), "{refused}");
}
