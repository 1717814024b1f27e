// A person at a browser: signs in with the stand-in, and reads the code from the page. Prints what it saw as
// one line of JSON.
//
//   node sign-in.mjs URL ADDRESS SCREENSHOTS

import { chromium } from 'playwright-core';

const [url, address, screenshots] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
try {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  // What a policy forbids is written to the console.
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));

  await page.goto(url);
  await page.fill('input[name=login]', address);
  await page.fill('input[name=password]', 'anything');
  await page.click('button[type=submit]');
  await page.waitForSelector('input[name=prompt][value=consent]', { state: 'attached' });
  errors.length = 0;
  await page.click('button[type=submit]');

  const code = await page.waitForSelector('#code');
  await page.screenshot({ path: `${screenshots}/google-success.png` });
  const { origin } = new URL(page.url());
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
  await page.click('#copy');
  await page.waitForFunction(() => document.getElementById('copied').textContent !== '');
  const seen = {
    code: await code.textContent(),
    copied: await page.evaluate(() => navigator.clipboard.readText()),
    heading: await page.textContent('h1'),
    text: await page.innerText('main'),
    address: page.url(),
    errors,
  };
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: `${screenshots}/google-success-phone-dark.png` });
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
