import { execFileSync } from 'node:child_process';
import { chromium, type Browser, type Page } from 'playwright-core';
const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Headless Chromium from the PATH. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  return chromium.launch({ executablePath, args: browserArguments });
}

/** Swagger UI, open; `wrong` grows with console errors and warnings (CSP violations are such) and failed requests. */
export async function openSwaggerUi(browser: Browser, url: string): Promise<{ page: Page; wrong: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 960 } });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) wrong.push(message.text());
  });
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('requestfailed', (request) =>
    wrong.push(`${request.url()}: ${request.failure()?.errorText ?? ''}`),
  );
  page.on('response', (response) => {
    if (response.status() >= 400) wrong.push(`${response.url()}: ${response.status()}`);
  });
  await page.goto(`${url}/api/docs`);
  await operation(page, 'movies', 'listMovies').waitFor();
  return { page, wrong };
}

export const operation = (page: Page, tag: string, id: string) => page.locator(`#operations-${tag}-${id}`);

/** Authorize as the page offers it, by code and PKCE, through the issuer's sign-in page. */
export async function authorize(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const dialog = page.locator('.auth-container', { hasText: 'oauth2' });
  const popup = page.waitForEvent('popup');
  await dialog.locator('button.authorize').click();
  await (await popup).getByRole('button', { name: 'Continue as local developer' }).click();
  await dialog.getByText('Logout').waitFor();
  await dialog.locator('button.btn-done').click();
}

/** Lists the movies of a year with Try it out, and gives status and body of the answer. */
export async function tryList(page: Page, year: number): Promise<{ status: string; body: string }> {
  const list = operation(page, 'movies', 'listMovies');
  await list.locator('.opblock-summary-control').click();
  await list.getByRole('button', { name: 'Try it out' }).click();
  await list.locator('tr[data-param-name="year"] input').fill(String(year));
  await list.getByRole('button', { name: 'Execute' }).click();
  const answer = list.locator('.live-responses-table .response').first();
  await answer.waitFor();
  return {
    status: (await answer.locator('.response-col_status').innerText()).trim(),
    body: await answer.locator('.response-col_description').innerText(),
  };
}
