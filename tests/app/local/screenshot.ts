import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { startApiUnderTest } from './api-under-test.ts';
import { authorize, launchBrowser, openSwaggerUi } from './swagger-page.ts';

/** Takes the README's picture of Swagger UI: signed in, with the routes of the API. */
const path = 'docs/images/swagger-ui.png';

const [api, browser] = await Promise.all([startApiUnderTest(), launchBrowser()]);
try {
  const { page } = await openSwaggerUi(browser, api.url);
  await authorize(page);
  await mkdir(dirname(path), { recursive: true });
  await page.screenshot({ path, scale: 'css' });
  console.log(`Wrote ${path}`);
} finally {
  await browser.close();
  await api.stop();
}
