// oauth4webapi 3 (https://github.com/panva/oauth4webapi) against the server, as a public client that
// runs on the user's own machine, and as a service. This library validates every answer on its own.
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { Browser } from './browser.mjs'

const given = JSON.parse(process.env.GIVEN)
const insecure = { [oauth.allowInsecureRequests]: true }
const done = []

const issuer = new URL(given.issuer)
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
)
assert.equal(as.authorization_response_iss_parameter_supported, true)
done.push('discovery')

const client = { client_id: given.public_id }
const none = oauth.None()
// A port of its own, as RFC 8252 section 7.3 lets native apps choose it.
const redirect = new URL(given.redirect_uri)
redirect.port = '49152'
const verifier = oauth.generateRandomCodeVerifier()
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
const url = new URL(as.authorization_endpoint)
url.search = new URLSearchParams({
  client_id: client.client_id,
  redirect_uri: redirect.href,
  response_type: 'code',
  scope: given.scope,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})
const callback = await new Browser(given).until(url, redirect.href)
// Checks `state`, and `iss` as RFC 9207 has it.
const params = oauth.validateAuthResponse(as, client, callback, state)
const granted = await oauth.authorizationCodeGrantRequest(
  as, client, none, params, redirect.href, verifier, insecure,
)
const tokens = await oauth.processAuthorizationCodeResponse(as, client, granted, {
  expectedNonce: nonce,
  requireIdToken: true,
})
done.push('authorization_code')

const { sub } = oauth.getValidatedIdTokenClaims(tokens)
const about = await oauth.processUserInfoResponse(
  as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token, insecure),
)
assert.equal(about.sub, given.user)
done.push('userinfo')

// The access token is one of RFC 9068, signed by a published key.
const request = new Request(given.audience, { headers: { authorization: `Bearer ${tokens.access_token}` } })
const claims = await oauth.validateJwtAccessToken(as, request, given.audience, insecure)
assert.equal(claims.sub, given.user)
assert.equal(claims.client_id, given.public_id)
done.push('access_token')

const refreshed = await oauth.refreshTokenGrantRequest(as, client, none, tokens.refresh_token, insecure)
const fresh = await oauth.processRefreshTokenResponse(as, client, refreshed)
assert.ok(fresh.refresh_token)
done.push('refresh_token')

// The code a second time ends what came of it.
const replay = await oauth.authorizationCodeGrantRequest(
  as, client, none, params, redirect.href, verifier, insecure,
)
await assert.rejects(oauth.processAuthorizationCodeResponse(as, client, replay), { error: 'invalid_grant' })
const after = await oauth.refreshTokenGrantRequest(as, client, none, fresh.refresh_token, insecure)
await assert.rejects(oauth.processRefreshTokenResponse(as, client, after), { error: 'invalid_grant' })
done.push('replay')

const service = { client_id: given.service_id }
const basic = oauth.ClientSecretBasic(given.service_secret)
const own = await oauth.processClientCredentialsResponse(
  as,
  service,
  await oauth.clientCredentialsGrantRequest(
    as, service, basic, new URLSearchParams({ scope: given.service_scope }), insecure,
  ),
)
done.push('client_credentials')

const inspect = async (token) =>
  oauth.processIntrospectionResponse(
    as, service, await oauth.introspectionRequest(as, service, basic, token, insecure),
  )
const active = await inspect(own.access_token)
assert.equal(active.active, true)
assert.equal(active.sub, given.service_id)
done.push('introspection')

await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, service, basic, own.access_token, insecure),
)
assert.deepEqual(await inspect(own.access_token), { active: false })
done.push('revocation')

console.log(JSON.stringify(done))
