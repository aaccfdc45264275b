import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { describeWith, program } from '../support/requirements.ts';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.ts';

const browserProgram = program('chromium', 'install the Debian package chromium, or run `make tools`');
const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describeWith([browserProgram], 'Swagger UI in a browser', () => {
  let api: ApiUnderTest;
  let browser: Browser;
  beforeAll(async () => {
    [api, browser] = await Promise.all([
      startApiUnderTest(),
      chromium.launch({ executablePath: whereIs('chromium'), args: browserArguments }),
    ]);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await api.stop();
  });

  /** A page that keeps what went wrong in it: console errors, which CSP violations are, too, and failed requests. */
  async function openDocs(): Promise<{ page: Page; wrong: string[] }> {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
    const page = await context.newPage();
    const wrong: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) wrong.push(message.text());
    });
    page.on('pageerror', (error) => wrong.push(error.message));
    page.on('requestfailed', (request) => wrong.push(`${request.url()}: ${request.failure()?.errorText ?? ''}`));
    await page.goto(`${api.url}/api/docs`);
    await page.getByText('/movies/{year}/{title}').first().waitFor();
    return { page, wrong };
  }

  test('shows the contract without a console error, a CSP violation or a request to anywhere else', async () => {
    const { page, wrong } = await openDocs();

    expect(await page.title()).toMatch(/Movies API/);
    expect(wrong).toEqual([]);
  });

  test('Authorize, Try it out, 200 with real movies', async () => {
    const { page, wrong } = await openDocs();
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const oauth = page.locator('.auth-container', { hasText: 'oauth2' });
    await oauth.getByText('select all').click();
    const popup = page.waitForEvent('popup');
    await oauth.getByRole('button', { name: 'Authorize' }).click();
    await (await popup).getByRole('button', { name: 'Continue as local developer' }).click();
    await oauth.getByRole('button', { name: 'Logout' }).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();

    const list = page.locator('#operations-movies-listMovies');
    await list.locator('.opblock-summary').click();
    await list.getByRole('button', { name: 'Try it out' }).click();
    await list.getByPlaceholder('year').fill('1998');
    await list.getByRole('button', { name: 'Execute' }).click();

    const answer = list.locator('.live-responses-table .response');
    await answer.waitFor();
    expect(await answer.locator('.response-col_status').innerText()).toMatch(/^200/);
    expect(await answer.innerText()).toContain('The Land Girls');
    expect(wrong).toEqual([]);
  });
});
