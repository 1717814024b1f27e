// openid-client 6 (https://github.com/panva/openid-client) against the server.
import assert from 'node:assert/strict'
import * as oidc from 'openid-client'
import { Browser } from './browser.mjs'

const given = JSON.parse(process.env.GIVEN)
const insecure = { execute: [oidc.allowInsecureRequests] }
const done = []

const config = await oidc.discovery(
  new URL(given.issuer),
  given.client_id,
  undefined,
  oidc.ClientSecretBasic(given.client_secret),
  insecure,
)
assert.equal(config.serverMetadata().issuer, given.issuer)
assert.deepEqual(config.serverMetadata().code_challenge_methods_supported, ['S256'])
done.push('discovery')

const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()]
const url = oidc.buildAuthorizationUrl(config, {
  redirect_uri: given.redirect_uri,
  scope: given.scope,
  code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  state: expectedState,
  nonce: expectedNonce,
})
const browser = new Browser(given)
const callback = await browser.until(url, given.redirect_uri)
const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }
const tokens = await oidc.authorizationCodeGrant(config, callback, checks)
assert.equal(tokens.token_type, 'bearer')
done.push('authorization_code')

const { sub } = tokens.claims()
assert.equal(sub, given.user)
const about = await oidc.fetchUserInfo(config, tokens.access_token, sub)
assert.equal(about.email, given.email)
done.push('userinfo')

const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token)
assert.notEqual(fresh.access_token, tokens.access_token)
done.push('refresh_token')

const active = await oidc.tokenIntrospection(config, fresh.access_token)
assert.equal(active.active, true)
assert.equal(active.sub, given.user)
assert.equal(active.client_id, given.client_id)
done.push('introspection')

await oidc.tokenRevocation(config, fresh.access_token)
assert.equal((await oidc.tokenIntrospection(config, fresh.access_token)).active, false)
await oidc.tokenRevocation(config, fresh.refresh_token ?? tokens.refresh_token)
await assert.rejects(oidc.refreshTokenGrant(config, fresh.refresh_token ?? tokens.refresh_token), {
  error: 'invalid_grant',
})
done.push('revocation')

const service = await oidc.discovery(
  new URL(given.issuer),
  given.service_id,
  undefined,
  oidc.ClientSecretPost(given.service_secret),
  { ...insecure, algorithm: 'oauth2' },
)
const own = await oidc.clientCredentialsGrant(service, { scope: given.service_scope })
assert.equal(own.scope, given.service_scope)
assert.equal(own.refresh_token, undefined)
done.push('client_credentials')

// The second time the browser is signed in and the app is allowed: nothing is asked.
const silent = oidc.buildAuthorizationUrl(config, {
  redirect_uri: given.redirect_uri,
  scope: given.scope,
  code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  state: expectedState,
  prompt: 'none',
})
const again = await browser.until(silent, given.redirect_uri)
await oidc.authorizationCodeGrant(config, again, { pkceCodeVerifier, expectedState, idTokenExpected: true })
done.push('single_sign_on')

console.log(JSON.stringify(done))
