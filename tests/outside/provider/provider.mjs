// An OpenID provider in Google's part: npm `oidc-provider` with one client, which lets everybody sign in
// under the address that they type. Prints its issuer, reads the client's redirect URI from standard input,
// then serves until that ends.
//
//   node provider.mjs CLIENT_ID CLIENT_SECRET

import { randomBytes, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

const [client_id, client_secret] = process.argv.slice(2);

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
console.log(issuer);
// What it says to people must not go where nobody reads.
console.info = console.warn = console.error;

const lines = createInterface({ input: process.stdin });
const redirect_uri = await new Promise((read) => lines.once('line', read));
lines.once('close', () => process.exit());

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'stand-in-1' };

const provider = new Provider(issuer, {
  clients: [{
    client_id,
    client_secret,
    redirect_uris: [redirect_uri],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  jwks: { keys: [key] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  // Google says these in the ID token as well.
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: id, email_verified: true, name: 'Ann Lee' }),
  }),
});

server.on('request', provider.callback());
