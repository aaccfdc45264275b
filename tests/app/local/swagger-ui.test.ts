import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { chromium, describeWith } from '../../support/requirements.ts';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.ts';
import { authorize, launchBrowser, openSwaggerUi, operation, tryList } from './swagger-page.ts';

describeWith([chromium], 'Swagger UI in a browser', () => {
  let api: ApiUnderTest;
  let browser: Browser;
  beforeAll(async () => {
    [api, browser] = await Promise.all([startApiUnderTest(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser.close();
    await api.stop();
  });

  test('shows the contract without a console error, a CSP violation or a failed request', async () => {
    const { page, wrong } = await openSwaggerUi(browser, api.url);

    expect(await page.locator('.info .title').innerText()).toMatch(/^Movies API/);
    expect(wrong).toEqual([]);
  });

  test('Authorize, Try it out: 200 with real movies', async () => {
    const { page, wrong } = await openSwaggerUi(browser, api.url);

    await authorize(page);
    const { status, body } = await tryList(page, 1998);

    expect(status).toBe('200');
    expect(body).toContain('The Land Girls');
    expect(wrong).toEqual([]);
  });

  test('Authorize asks for no secret and has all scopes ticked', async () => {
    const { page } = await openSwaggerUi(browser, api.url);

    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const dialog = page.locator('.auth-container', { hasText: 'oauth2' });
    await dialog.locator('button.authorize').waitFor();

    expect(await dialog.locator('input[type=checkbox]:checked').count()).toBe(2);
    expect(await dialog.getByLabel('client_secret').isVisible()).toBe(false);
  });

  test('PUT as the page fills it in replaces the movie that it names', async () => {
    await fetch(`${api.url}/movies`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await api.issuer.token('movies/write')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ year: 1994, title: 'Pulp Fiction', info: {} }),
    });
    const { page } = await openSwaggerUi(browser, api.url);
    await authorize(page);

    const put = operation(page, 'movies', 'replaceMovie');
    await put.locator('.opblock-summary-control').click();
    await put.getByRole('button', { name: 'Try it out' }).click();
    await put.getByRole('button', { name: 'Execute' }).click();
    const answer = put.locator('.live-responses-table .response').first();
    await answer.waitFor();

    expect(await answer.innerText()).toMatch(/^200[^]*Quentin Tarantino/);
  });

  test('Try it out without a token: 401 that says what is missing', async () => {
    const { page } = await openSwaggerUi(browser, api.url);

    const { status, body } = await tryList(page, 1998);

    expect(status).toMatch(/^401/);
    expect(body).toMatch(/www-authenticate: Bearer/i);
  });
});
