"""A browser as far as signing in needs one: it keeps cookies, follows redirects, fills in forms."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

FOLLOW_MAX = 12


class Forms(HTMLParser):
    """The forms of a page: where they go, and their fields."""

    def __init__(self):
        super().__init__()
        self.found = []
        self._open = None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self._open = {"action": attrs.get("action", ""), "fields": {}, "kinds": set(), "names": set()}
            self.found.append(self._open)
        elif self._open is not None and tag in ("input", "button"):
            name = attrs.get("name")
            self._open["kinds"].add(attrs.get("type"))
            self._open["names"].add(name)
            if tag == "input" and name:
                self._open["fields"][name] = attrs.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = None


class Browser:
    def __init__(self, email, password):
        self._values = {"email": email, "password": password}
        # Python's own cookie jar keeps `Secure` cookies from http://127.0.0.1, which browsers trust.
        self._cookies = {}

    def until(self, url, target):
        """Visits a page and does what a user does there, until it is sent to `target`: that URL."""
        response = self._ask("GET", url)
        for _ in range(FOLLOW_MAX):
            if 300 <= response.status_code < 400:
                url = urljoin(url, response.headers["location"])
                if url.startswith(target):
                    return url
                response = self._ask("GET", url)
                continue
            form = self._filled(response.text)
            if form is None:
                raise AssertionError(f"{response.status_code} at {url}, no form: {response.text[:2000]}")
            parts = urlsplit(url)
            origin = f"{parts.scheme}://{parts.netloc}"
            headers = {"origin": origin, "referer": url, "sec-fetch-site": "same-origin"}
            url = urljoin(url, form["action"])
            response = self._ask("POST", url, data=form["fields"], headers=headers)
        raise AssertionError(f"no end of redirects: now at {url}")

    def _ask(self, method, url, headers=None, **options):
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"accept": "text/html", "cookie": cookie, **(headers or {})}
        response = requests.request(method, url, headers=headers, allow_redirects=False, timeout=20, **options)
        for line in response.raw.headers.getlist("set-cookie"):
            name, value = line.split(";")[0].split("=", 1)
            if value and "max-age=0" not in line.lower():
                self._cookies[name] = value
            else:
                self._cookies.pop(name, None)
        return response

    def _filled(self, page):
        forms = Forms()
        forms.feed(page)
        for form in forms.found:
            asks_consent = "decision" in form["names"]
            if "password" in form["kinds"] or asks_consent:
                known = {name: self._values[name] for name in form["fields"] if name in self._values}
                decision = {"decision": "allow"} if asks_consent else {}
                return {"action": form["action"], "fields": {**form["fields"], **known, **decision}}
        return None
