// Pages of an app and of somebody hostile, each on an origin of its own, and a person who signs in by the
// app's popup. The app's code is that of the guide. Prints what was seen as one line of JSON.
//
//   GIVEN='{"issuer", "client_id", "scope", "app", "hostile", "email", "password", "guide"}' node web-message.mjs

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const given = JSON.parse(process.env.GIVEN);
const guide = readFileSync(given.guide, 'utf8').split('```js\n')[1].split('```')[0];
const client = { issuer: given.issuer, clientId: given.client_id, redirectUri: `${given.app}/signed-in`, scope: given.scope };

// Every message that reaches a page, whoever it is from.
const record = 'window.messages = []; window.addEventListener("message", ({ origin, data }) => messages.push({ origin, data }));';
const app = `${guide}; ${record} const client = ${JSON.stringify(client)};
  const run = (what) => { window.result = what(client).catch((error) => ({ failed: error.message })); };
  document.getElementById('popup').onclick = () => run(signIn);
  document.getElementById('silent').onclick = () => run(signInSilently);`;
const page = (script) => `<!doctype html><meta charset=utf-8><button id=popup>Popup</button><button id=silent>Silent</button>
  <script type=module>${script}</script>`;

const serve = (origin, script) => new Promise((listening) => {
  const { port, hostname } = new URL(origin);
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(page(script)));
  server.listen(Number(port), hostname, () => listening(server));
});
const servers = [await serve(given.app, app), await serve(given.hostile, record)];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
try {
  const context = await browser.newContext();
  context.setDefaultTimeout(30_000);
  const seen = {};

  // A hostile page opens the app, so it has a handle on the app's window.
  const hostile = await context.newPage();
  await hostile.goto(given.hostile);
  const opened = context.waitForEvent('page');
  await hostile.evaluate((url) => { window.victim = window.open(url); }, given.app);
  const mine = await opened;
  await mine.waitForLoadState();

  const popping = context.waitForEvent('page');
  await mine.click('#popup');
  const popup = await popping;
  await popup.waitForSelector('input[name=password]');
  const asked = new URLSearchParams(new URL(popup.url()).searchParams.get('next').split('?')[1]);
  // It even knows the state.
  await hostile.evaluate(([state, iss, target]) => victim.postMessage(
    { type: 'authorization_response', response: { code: 'forged', state, iss } }, target), [asked.get('state'), given.issuer, given.app]);
  await mine.waitForFunction(() => messages.length === 1);
  await popup.fill('input[name=email]', given.email);
  await popup.fill('input[name=password]', given.password);
  await popup.click('button[type=submit]');
  await popup.click('button[value=allow]');
  seen.signed_in = Object.keys(await mine.evaluate(() => result)).sort();
  seen.failed = (await mine.evaluate(() => result)).failed ?? null;
  const messages = await mine.evaluate(() => messages);
  seen.origins = messages.map(({ origin }) => origin);
  seen.forged = messages[0].data.response.code;
  seen.members = Object.keys(messages[1]?.data.response ?? {}).sort();
  seen.closed = popup.isClosed();

  // In a frame of the app, without a word.
  await mine.click('#silent');
  seen.silent = Object.keys(await mine.evaluate(() => result)).sort();

  // The hostile page asks the same as the app does; the person has agreed already, so that the answer is there at once.
  const same = new URL('/oauth/authorize', given.issuer);
  same.search = asked;
  const theirs = context.waitForEvent('page');
  await hostile.evaluate((url) => { window.open(url); }, same.href);
  const answer = await theirs;
  await answer.waitForSelector('#answer', { state: 'attached' });
  const posted = await answer.evaluate(() => ({ ...document.getElementById('answer').dataset, opened: window.opener !== null }));
  seen.answered = { code: 'code' in JSON.parse(posted.message).response, target: posted.target, opened: posted.opened };

  // And in a frame of its own.
  const refused = hostile.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
  same.searchParams.set('prompt', 'none');
  await hostile.evaluate((url) => {
    const frame = document.createElement('iframe');
    frame.src = url;
    document.body.append(frame);
  }, same.href);
  await refused;
  // What was posted before is there by now: a message of its own comes back after it.
  await hostile.evaluate(() => window.postMessage('the last', '*'));
  await hostile.waitForFunction(() => messages.some(({ data }) => data === 'the last'));
  seen.hostile = await hostile.evaluate(() => messages.map(({ data }) => data));
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
  servers.forEach((server) => server.close());
}
