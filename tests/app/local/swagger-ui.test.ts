import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { chromium, describeWith } from '../../support/requirements.ts';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.ts';
import { authorize, launchBrowser, openSwaggerUi, tryList } from './swagger-page.ts';

describeWith([chromium], 'Swagger UI in a browser', () => {
  let api: ApiUnderTest;
  let browser: Browser;
  beforeAll(async () => {
    [api, browser] = await Promise.all([startApiUnderTest(), launchBrowser()]);
  }, 60_000);
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

  test('Try it out without a token: 401 that says what is missing', async () => {
    const { page } = await openSwaggerUi(browser, api.url);

    const { status, body } = await tryList(page, 1998);

    expect(status).toMatch(/^401/);
    expect(body).toMatch(/www-authenticate: Bearer/i);
  });
});
