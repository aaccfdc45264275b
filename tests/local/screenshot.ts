import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { startApiUnderTest } from './api-under-test.ts';
import { authorize, launchBrowser, openSwaggerUi, tryList } from './swagger-page.ts';

/** Takes the README's picture of Swagger UI: signed in, with a page of movies. */
const path = 'docs/images/swagger-ui.png';

const [api, browser] = await Promise.all([startApiUnderTest(), launchBrowser()]);
try {
  const { page } = await openSwaggerUi(browser, api.url);
  await authorize(page);
  await tryList(page, 1998);
  // The answer, with the request above it, is what the picture is about.
  await page
    .locator('.live-responses-table')
    .evaluate("(table) => table.closest('.responses-wrapper').scrollIntoView()");
  await mkdir(dirname(path), { recursive: true });
  await page.screenshot({ path, scale: 'css' });
  console.log(`Wrote ${path}`);
} finally {
  await browser.close();
  await api.stop();
}
