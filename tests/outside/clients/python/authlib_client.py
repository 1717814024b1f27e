"""Authlib 1 (https://authlib.org) against the server."""

import json
import os

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the server is on loopback

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.jwk import KeySet

from browser import Browser

given = json.loads(os.environ["GIVEN"])
done = []

metadata = OpenIDProviderMetadata(requests.get(get_well_known_url(given["issuer"], external=True), timeout=20).json())
metadata.validate()
assert metadata["issuer"] == given["issuer"], metadata
done.append("discovery")

session = OAuth2Session(
    given["client_id"],
    given["client_secret"],
    scope=given["scope"],
    redirect_uri=given["redirect_uri"],
    code_challenge_method="S256",
    token_endpoint_auth_method="client_secret_post",
)
verifier, nonce = generate_token(48), generate_token()
url, state = session.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
)
callback = Browser(given["email"], given["password"]).until(url, given["redirect_uri"])
token = session.fetch_token(
    metadata["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
)
done.append("authorization_code")

keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=20).json())
decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
claims = CodeIDToken(
    decoded.claims,
    decoded.header,
    {"iss": {"value": given["issuer"]}, "aud": {"value": given["client_id"]}},
    {"nonce": nonce, "client_id": given["client_id"], "access_token": token["access_token"]},
)
claims.validate()
assert claims["sub"] == given["user"], claims
done.append("id_token")

about = session.get(metadata["userinfo_endpoint"]).json()
assert about["sub"] == given["user"] and about["email"] == given["email"], about
done.append("userinfo")

fresh = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
assert fresh["access_token"] != token["access_token"]
done.append("refresh_token")


def inspect(access_token):
    answer = session.introspect_token(
        metadata["introspection_endpoint"], token=access_token, token_type_hint="access_token"
    )
    return answer.json()


active = inspect(fresh["access_token"])
assert active["active"] is True and active["sub"] == given["user"], active
done.append("introspection")

revoked = session.revoke_token(
    metadata["revocation_endpoint"], token=fresh["refresh_token"], token_type_hint="refresh_token"
)
assert revoked.status_code == 200, revoked
try:
    session.refresh_token(metadata["token_endpoint"], refresh_token=fresh["refresh_token"])
except OAuthError as error:
    assert error.error == "invalid_grant", error
else:
    raise AssertionError("a revoked refresh token is good")
session.revoke_token(metadata["revocation_endpoint"], token=fresh["access_token"], token_type_hint="access_token")
assert inspect(fresh["access_token"]) == {"active": False}
done.append("revocation")

service = OAuth2Session(
    given["service_id"], given["service_secret"], token_endpoint_auth_method="client_secret_basic"
)
own = service.fetch_token(
    metadata["token_endpoint"], grant_type="client_credentials", scope=given["service_scope"]
)
assert own["scope"] == given["service_scope"] and "refresh_token" not in own, own
done.append("client_credentials")

print(json.dumps(done))
