//! A browser as far as signing in needs one: it keeps cookies, follows redirects, fills in forms.

use std::collections::HashMap;

use reqwest::{Url, redirect::Policy};

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client")
}

/// Where a walk ends.
enum Seen {
    Sent(Url),
    Page(Url, String),
}

/// Cookies, and the willingness to fill in forms.
#[derive(Default)]
pub(crate) struct Browser {
    cookies: HashMap<String, String>,
}

impl Browser {
    /// Visits a page and does what a user does there, until it is sent to `target`: that URL.
    pub(crate) async fn until(&mut self, url: Url, target: &str, email: &str, password: &str) -> Url {
        match self.walk(url, |url| url.as_str().starts_with(target), email, password).await {
            Seen::Sent(url) => url,
            Seen::Page(url, page) => panic!("no form at {url}: {page}"),
        }
    }

    /// The same until there is a page with nothing to fill in: that page.
    pub(crate) async fn page(&mut self, url: Url, email: &str, password: &str) -> String {
        match self.walk(url, |_| false, email, password).await {
            Seen::Sent(url) => panic!("sent to {url}"),
            Seen::Page(_, page) => page,
        }
    }

    /// Every cookie that it has now.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cookies.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    async fn walk(
        &mut self,
        mut url: Url,
        is_aim: impl Fn(&Url) -> bool,
        email: &str,
        password: &str,
    ) -> Seen {
        let mut form = None;
        for _ in 0..16 {
            let answer = self.ask(&url, form.take()).await;
            if let Some(location) =
                answer.headers().get("location").filter(|_| answer.status().is_redirection())
            {
                url = url.join(location.to_str().expect("a text")).expect("a URL");
                if is_aim(&url) {
                    return Seen::Sent(url);
                }
                continue;
            }
            let page = answer.text().await.expect("a page");
            let Some((action, fields)) = filled(&page, email, password) else {
                return Seen::Page(url, page);
            };
            url = url.join(&action).expect("a URL");
            form = Some(fields);
        }
        panic!("no end of redirects: now at {url}")
    }

    async fn ask(&mut self, url: &Url, form: Option<Vec<(String, String)>>) -> reqwest::Response {
        let request = match form {
            Some(fields) => http()
                .post(url.clone())
                .header("origin", url.origin().ascii_serialization())
                .header("sec-fetch-site", "same-origin")
                .form(&fields),
            None => http().get(url.clone()),
        };
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header("cookie", cookies.join("; ")).send().await.expect("an answer");
        for line in answer.headers().get_all("set-cookie") {
            let line = line.to_str().expect("a text");
            let (name, value) =
                line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            self.cookies.insert(name.to_owned(), value.to_owned());
            self.cookies.retain(|_, value| !value.is_empty());
        }
        answer
    }
}

/// The first form that signs in or asks for consent, filled in.
fn filled(page: &str, email: &str, password: &str) -> Option<(String, Vec<(String, String)>)> {
    let mut forms = page.split("<form").skip(1).filter_map(|form| form.split("</form").next());
    // `prompt` is what npm `oidc-provider` asks with.
    let asks = ["type=\"password\"", "name=\"decision\"", "name=\"prompt\""];
    let form = forms.find(|form| asks.iter().any(|asks| form.contains(asks)))?;
    let mut fields = Vec::new();
    for input in form.split("<input").skip(1).filter_map(|input| input.split('>').next()) {
        let Some(name) = attribute(input, "name") else { continue };
        let value = match name.as_str() {
            "email" | "login" => email.to_owned(),
            "password" => password.to_owned(),
            _ => attribute(input, "value").unwrap_or_default(),
        };
        fields.push((name, value));
    }
    if form.contains("name=\"decision\"") {
        fields.push(("decision".to_owned(), "allow".to_owned()));
    }
    Some((attribute(form, "action").unwrap_or_default(), fields))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    let value = value.split('"').next()?;
    Some(value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}
